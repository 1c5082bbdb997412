/** The fields of a schedule, and its next times. */
import {
  Chip,
  Input,
  NumberInput,
  SegmentedControl,
  Select,
  Stack,
  Switch,
  Text,
  TextInput,
} from '@mantine/core';
import { DateInput } from '@mantine/dates';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { accountTimezoneQuery } from '../../api/schedule-preview.ts';
import type { Schedule } from '../../api/tasks.ts';
import { timezoneChoices } from '../../components/timezones.ts';
import { weekdays } from '../../components/weekdays.ts';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import type { EditedSchedule } from './edited-schedule.ts';
import { NextTimes } from './next-times.tsx';
import classes from './schedule-fields.module.css';

interface ScheduleFieldsProps {
  readonly edited: EditedSchedule;
  /** Leaves out what has good defaults. */
  readonly isNew?: boolean;
  readonly onChange: (edited: EditedSchedule) => void;
}

/** The choices of a policy, with their labels. */
function choices<Name extends string>(
  labels: Readonly<Record<Name, string>>,
): { value: Name; label: string }[] {
  return Object.entries<string>(labels).map(([value, label]) => ({ value: value as Name, label }));
}

interface PoliciesProps {
  readonly schedule: Schedule;
  readonly onChange: (changes: Partial<Schedule>) => void;
}

/** What happens if a run is still in progress, or times were missed. */
function Policies({ schedule, onChange }: PoliciesProps): ReactNode {
  const { tasks: texts } = useTexts();
  return (
    <>
      <Select
        label={texts.overlap}
        data={choices(texts.overlaps)}
        value={schedule.schedule_overlap}
        allowDeselect={false}
        onChange={(value) => {
          if (value !== null) onChange({ schedule_overlap: value });
        }}
      />
      <Select
        label={texts.missed}
        data={choices(texts.missedPolicies)}
        value={schedule.schedule_missed}
        allowDeselect={false}
        onChange={(value) => {
          if (value !== null) onChange({ schedule_missed: value });
        }}
      />
    </>
  );
}

const kindClasses = { label: classes['kind'] ?? '' };
const chipClasses = { label: classes['weekday'] ?? '', iconWrapper: classes['icon'] ?? '' };

/** The day of a weekly schedule. Choosing one makes a schedule weekly. */
function WeekdayChoice({
  value,
  onChange,
}: {
  readonly value: number | undefined;
  readonly onChange: (day: number) => void;
}): ReactNode {
  const { tasks: texts } = useTexts();
  const { language } = useLanguage();
  return (
    <Input.Wrapper label={texts.weekday} labelElement="div">
      <Chip.Group
        value={value === undefined ? null : String(value)}
        onChange={(day) => onChange(Number(day))}
      >
        <div className={classes['weekdays']} role="radiogroup" aria-label={texts.weekday}>
          {weekdays(language).map(({ value: day, label, short }) => (
            <Chip key={day} value={day} radius="sm" aria-label={label} classNames={chipClasses}>
              {short}
            </Chip>
          ))}
        </div>
      </Chip.Group>
    </Input.Wrapper>
  );
}

export function ScheduleFields({ edited, isNew = false, onChange }: ScheduleFieldsProps): ReactNode {
  const { tasks: texts } = useTexts();
  const { data: account } = useQuery(accountTimezoneQuery);
  const { kind, schedule } = edited;
  const change = (changes: Partial<Schedule>): void =>
    onChange({ kind, schedule: { ...schedule, ...changes } });
  return (
    <Stack>
      {!isNew && (
        <Switch
          label={texts.enabled}
          checked={schedule.schedule_enabled === 1}
          onChange={(event) => change({ schedule_enabled: event.currentTarget.checked ? 1 : 0 })}
        />
      )}
      <Input.Wrapper label={texts.kind} labelElement="div">
        <SegmentedControl
          fullWidth
          size="xs"
          classNames={kindClasses}
          aria-label={texts.kind}
          data={choices(texts.kinds)}
          value={kind}
          onChange={(value) => onChange({ kind: value, schedule })}
        />
      </Input.Wrapper>
      {(kind === 'daily' || kind === 'weekly') && (
        <WeekdayChoice
          value={kind === 'weekly' ? schedule.schedule_weekday : undefined}
          onChange={(day) => onChange({ kind: 'weekly', schedule: { ...schedule, schedule_weekday: day } })}
        />
      )}
      {kind === 'monthly' && (
        <NumberInput
          label={texts.day}
          required
          allowDecimal={false}
          description={texts.dayHint}
          min={1}
          max={31}
          value={schedule.schedule_day}
          onChange={(value) => change({ schedule_day: Number(value) })}
        />
      )}
      {kind === 'once' && (
        <DateInput
          label={texts.date}
          required
          valueFormat="YYYY-MM-DD"
          value={schedule.schedule_once_date || null}
          onChange={(value) => change({ schedule_once_date: value ?? '' })}
        />
      )}
      <TextInput
        label={texts.time}
        type="time"
        required
        value={schedule.schedule_time}
        onChange={(event) => change({ schedule_time: event.currentTarget.value })}
      />
      <Select
        label={texts.timezone}
        description={
          schedule.schedule_timezone === '' && account ? texts.accountZone(account.timezone) : undefined
        }
        placeholder={texts.timezoneHint}
        data={timezoneChoices(schedule.schedule_timezone)}
        value={schedule.schedule_timezone || null}
        searchable
        selectFirstOptionOnChange
        clearable
        limit={50}
        onChange={(value) => change({ schedule_timezone: value ?? '' })}
      />
      {!isNew && <Policies schedule={schedule} onChange={change} />}
      {schedule.schedule_enabled === 1 ? (
        <NextTimes edited={edited} />
      ) : (
        <Text size="sm" c="dimmed">
          {texts.disabledNote}
        </Text>
      )}
    </Stack>
  );
}
