/** What the list of runs is narrowed down by. */
import { Button, Group, Select, Text, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { runOrigins, runStatuses } from '../../api/runs.ts';
import { SearchField } from '../../components/search-field.tsx';
import { WorkerSelect } from '../../components/worker-select.tsx';
import type { RunSearch } from '../../search.ts';
import { useTexts } from '../../texts/texts.tsx';

interface RunFiltersProps {
  readonly search: RunSearch;
  readonly isFiltered: boolean;
  readonly onChange: (changes: RunSearch) => void;
}

export function RunFilters({ search, isFiltered, onChange }: RunFiltersProps): ReactNode {
  const { runs: texts, lists, common } = useTexts();
  const { keyword = '', status, origin, worker, from, to } = search;
  const day = (name: 'from' | 'to', label: string, value: string | undefined): ReactNode => (
    <TextInput
      type="date"
      aria-label={label}
      w={190}
      leftSection={
        <Text size="xs" c="dimmed" aria-hidden>
          {label}
        </Text>
      }
      leftSectionWidth={48}
      value={value ?? ''}
      onChange={({ currentTarget }) => onChange({ [name]: currentTarget.value || undefined })}
    />
  );
  return (
    <Group gap="xs">
      <div style={{ flex: '1 1 16rem' }}>
        <SearchField
          label={lists.searchRuns}
          value={keyword}
          onSearch={(next) => onChange({ keyword: next || undefined })}
        />
      </div>
      <Select
        aria-label={texts.status}
        placeholder={texts.anyStatus}
        w={150}
        data={runStatuses.map((value) => ({ value, label: common.status[value] }))}
        value={status ?? null}
        clearable
        onChange={(value) => onChange({ status: runStatuses.find((name) => name === value) })}
      />
      <WorkerSelect value={worker} onChange={(value) => onChange({ worker: value })} />
      <Select
        aria-label={texts.origin}
        placeholder={lists.anyOrigin}
        w={150}
        data={runOrigins.map((value) => ({ value, label: texts.origins[value] ?? value }))}
        value={origin ?? null}
        clearable
        onChange={(value) => onChange({ origin: value ?? undefined })}
      />
      <Group gap="xs">
        {day('from', lists.from, from)}
        {day('to', lists.to, to)}
      </Group>
      {isFiltered && (
        <Button
          variant="subtle"
          size="xs"
          onClick={() =>
            onChange({
              keyword: undefined,
              status: undefined,
              origin: undefined,
              worker: undefined,
              from: undefined,
              to: undefined,
            })
          }
        >
          {lists.clear}
        </Button>
      )}
    </Group>
  );
}
