/** Version, region and limits of a run to start. */
import { Group, NumberInput, Select, SimpleGrid, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { callbackSettingsQuery } from '../../../api/callback-settings.ts';
import { regionsQuery } from '../../../api/regions.ts';
import type { SystemParameters } from '../../../api/workers.ts';
import { useLanguage, useTexts } from '../../../texts/texts.tsx';
import type { Problems } from './input-problems.ts';
import { optionNames, timeUnits, trafficUnits, type RunOptions } from './option-values.ts';

interface RunOptionFieldsProps {
  readonly options: RunOptions;
  /** Limits for options that are left empty. */
  readonly defaults: SystemParameters;
  /** The version that runs use if none is chosen. */
  readonly current: string;
  /** Versions to choose from, newest first. */
  readonly versions: readonly string[];
  /** By API name. */
  readonly problems: Problems;
  /** Whether a callback URL can be given. */
  readonly hasCallback: boolean;
  readonly onChange: (options: RunOptions) => void;
}

/** A numeric option. */
interface AmountProps {
  readonly label: string;
  readonly description: string;
  readonly error: string | undefined;
  readonly value: string;
  readonly step?: number;
  readonly min?: number;
  readonly max?: number;
  readonly isWhole?: boolean;
  readonly onChange: (value: string) => void;
}

function Amount({ isWhole = false, onChange, ...props }: AmountProps): ReactNode {
  const { inputForm: texts } = useTexts();
  const { value, min = 0, max } = props;
  const number = Number(value);
  const isSmall = value !== '' && number < min;
  const isLarge = max !== undefined && number > max;
  return (
    <NumberInput
      {...props}
      min={min}
      error={props.error ?? (isSmall ? texts.tooSmall(min) : isLarge && texts.tooLarge(max))}
      allowDecimal={!isWhole}
      allowNegative={false}
      clampBehavior="none"
      style={{ flex: 1 }}
      onChange={(value) => onChange(String(value))}
    />
  );
}

function Units<Unit extends string>({
  label,
  units,
  value,
  names,
  onChange,
}: {
  readonly label: string;
  readonly units: Readonly<Record<Unit, number>>;
  readonly value: Unit;
  readonly names: Readonly<Record<Unit, string>>;
  readonly onChange: (unit: Unit) => void;
}): ReactNode {
  const data = (Object.keys(units) as Unit[]).map((unit) => ({ value: unit, label: names[unit] }));
  return (
    <Select
      aria-label={label}
      w={116}
      data={data}
      value={value}
      allowDeselect={false}
      onChange={(unit) => unit !== null && onChange(unit)}
    />
  );
}

function CallbackField({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (url: string) => void;
}): ReactNode {
  const { callbacks: texts } = useTexts();
  const { data } = useQuery(callbackSettingsQuery);
  const { callback_url: ofAccount = '', has_secret: isSigned } = data ?? {};
  return (
    <TextInput
      type="url"
      label={texts.url}
      description={[
        ofAccount === '' ? texts.none : texts.ofAccount(ofAccount),
        isSigned === undefined ? '' : isSigned ? texts.isSet : texts.isNotSet,
      ].join(' ')}
      placeholder={texts.placeholder}
      style={{ gridColumn: '1 / -1', overflowWrap: 'anywhere' }}
      maxLength={2048}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}

export function RunOptionFields(props: RunOptionFieldsProps): ReactNode {
  const { options, defaults, current, versions, problems, hasCallback, onChange } = props;
  const { inputForm: texts } = useTexts();
  const { language } = useLanguage();
  const { data: regions = [] } = useQuery(regionsQuery(language));
  const set = (changes: Partial<RunOptions>): void => onChange({ ...options, ...changes });
  const problemOf = (option: keyof typeof optionNames): string | undefined =>
    problems[optionNames[option]]?.message;
  const known = versions.includes(options.version) || options.version === '' ? [] : [options.version];
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} style={{ alignItems: 'end' }}>
      <Select
        label={texts.version}
        data={[
          { value: '', label: texts.currentVersion(current) },
          ...[...known, ...versions].map((version) => ({ value: version, label: version })),
        ]}
        value={options.version}
        allowDeselect={false}
        searchable
        onChange={(version) => set({ version: version ?? '' })}
      />
      <Select
        label={texts.region}
        placeholder={texts.anyRegion}
        data={regions.map(({ code, name }) => ({
          value: code,
          label: name === code ? code : `${name} (${code})`,
        }))}
        value={options.region === '' ? null : options.region}
        searchable
        clearable
        error={problemOf('region')}
        onChange={(region) => set({ region: region ?? '' })}
      />
      <Group gap={6} wrap="nowrap" align="flex-end">
        <Amount
          label={texts.timeLimit}
          description={texts.defaultSeconds(defaults.execute_limit_time_seconds)}
          error={problemOf('time')}
          value={options.time}
          onChange={(time) => set({ time })}
        />
        <Units
          label={texts.timeUnit}
          units={timeUnits}
          names={texts.timeUnits}
          value={options.timeUnit}
          onChange={(timeUnit) => set({ timeUnit })}
        />
      </Group>
      <Amount
        label={texts.memory}
        description={texts.defaultMemory(defaults.memory)}
        error={problemOf('memory')}
        value={options.memory}
        min={512}
        max={16_384}
        step={512}
        isWhole
        onChange={(memory) => set({ memory })}
      />
      <Amount
        label={texts.cpus}
        description={texts.defaultCpus(defaults.cpus)}
        error={problemOf('cpus')}
        value={options.cpus}
        min={0.125}
        step={0.125}
        onChange={(cpus) => set({ cpus })}
      />
      <Amount
        label={texts.maxCharge}
        description={texts.noLimit}
        error={problemOf('charge')}
        value={options.charge}
        onChange={(charge) => set({ charge })}
      />
      <Group gap={6} wrap="nowrap" align="flex-end">
        <Amount
          label={texts.maxTraffic}
          description={texts.noLimit}
          error={problemOf('traffic')}
          value={options.traffic}
          onChange={(traffic) => set({ traffic })}
        />
        <Units
          label={texts.trafficUnit}
          units={trafficUnits}
          names={texts.trafficUnits}
          value={options.trafficUnit}
          onChange={(trafficUnit) => set({ trafficUnit })}
        />
      </Group>
      {hasCallback && (
        <CallbackField value={options.callbackUrl} onChange={(callbackUrl) => set({ callbackUrl })} />
      )}
    </SimpleGrid>
  );
}
