/** Edits the schedule of a task. */
import { Button, Group, NumberInput, Select, Stack, Switch, TextInput } from '@mantine/core';
import { DateInput } from '@mantine/dates';
import { useState, type FormEvent, type ReactNode } from 'react';
import {
  kindOf,
  scheduleTypes,
  useSchedule,
  type Schedule,
  type ScheduleKind,
  type Task,
} from '../../api/tasks.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';

interface ScheduleEditorProps {
  readonly task: Task;
  readonly onClose: () => void;
}

/** Any Monday, to get the names of weekdays from. */
const monday = Date.UTC(2024, 0, 1);
const dayMilliseconds = 86_400_000;
const timezones = Intl.supportedValuesOf('timeZone');

function weekdays(language: string): { value: string; label: string }[] {
  const format = new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' });
  return [1, 2, 3, 4, 5, 6, 7].map((number) => ({
    value: String(number),
    label: format.format(monday + (number - 1) * dayMilliseconds),
  }));
}

/** Only the fields that this kind of schedule uses. */
function scheduleOf(kind: ScheduleKind, schedule: Schedule): Partial<Schedule> {
  const { schedule_enabled, schedule_time, schedule_timezone } = schedule;
  return {
    schedule_enabled,
    schedule_type: scheduleTypes[kind],
    schedule_time,
    schedule_timezone,
    ...(kind === 'weekly' && { schedule_weekday: schedule.schedule_weekday }),
    ...(kind === 'monthly' && { schedule_day: schedule.schedule_day }),
    ...(kind === 'once' && { schedule_once_date: schedule.schedule_once_date }),
  };
}

function startingFrom(task: Task): Schedule {
  return {
    schedule_enabled: 1,
    schedule_type: task.schedule_type,
    schedule_time: task.schedule_time || '09:00',
    schedule_weekday: task.schedule_weekday || 1,
    schedule_day: task.schedule_day || 1,
    schedule_once_date: task.schedule_once_date,
    schedule_timezone: task.schedule_timezone,
  };
}

export function ScheduleEditor({ task, onClose }: ScheduleEditorProps): ReactNode {
  const { tasks: texts, common } = useTexts();
  const { language } = useLanguage();
  const save = useSchedule(task.slug);
  const [kind, setKind] = useState<ScheduleKind>(kindOf(task.schedule_type) ?? 'daily');
  const [schedule, setSchedule] = useState(() => startingFrom(task));
  const change = (changes: Partial<Schedule>): void => setSchedule((before) => ({ ...before, ...changes }));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate(scheduleOf(kind, schedule), { onSuccess: onClose });
  };
  return (
    <Dialog onClose={onClose} title={texts.editSchedule(task.title)}>
      <form onSubmit={submit}>
        <Stack>
          {save.error !== null && <ErrorNotice error={save.error} />}
          <Switch
            label={texts.enabled}
            checked={schedule.schedule_enabled === 1}
            onChange={(event) => change({ schedule_enabled: event.currentTarget.checked ? 1 : 0 })}
          />
          <Select
            label={texts.kind}
            data={Object.entries(texts.kinds).map(([value, label]) => ({
              value: value as ScheduleKind,
              label,
            }))}
            value={kind}
            allowDeselect={false}
            onChange={(value) => {
              if (value !== null) setKind(value);
            }}
          />
          {kind === 'weekly' && (
            <Select
              label={texts.weekday}
              data={weekdays(language)}
              value={String(schedule.schedule_weekday)}
              allowDeselect={false}
              onChange={(value) => change({ schedule_weekday: Number(value) })}
            />
          )}
          {kind === 'monthly' && (
            <NumberInput
              label={texts.day}
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
            description={texts.timezoneHint}
            data={timezones}
            value={schedule.schedule_timezone || null}
            searchable
            clearable
            limit={50}
            onChange={(value) => change({ schedule_timezone: value ?? '' })}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {common.cancel}
            </Button>
            <Button type="submit" loading={save.isPending}>
              {common.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
