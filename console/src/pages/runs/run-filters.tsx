/** The filters of the list of runs. */
import { Button, Checkbox, Pill, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { labelsQuery } from '../../api/run-care.ts';
import { taskQuery } from '../../api/tasks.ts';
import { origins } from '../../api/runs.ts';
import { DayFilter } from '../../components/day-filter.tsx';
import { RunStateSelect } from '../../components/run-state-select.tsx';
import { SearchField } from '../../components/search-field.tsx';
import { WorkerSelect } from '../../components/worker-select.tsx';
import type { RunSearch } from '../../search.ts';
import classes from '../../components/filters.module.css';
import { useTexts } from '../../texts/texts.tsx';

interface RunFiltersProps {
  readonly search: RunSearch;
  readonly isFiltered: boolean;
  readonly onChange: (changes: RunSearch) => void;
}

/** The task whose runs are listed. */
function TaskFilter({ slug, onClear }: { readonly slug: string; readonly onClear: () => void }): ReactNode {
  const { lists } = useTexts();
  const { data } = useQuery(taskQuery(slug));
  return (
    <Pill
      size="md"
      withRemoveButton
      onRemove={onClear}
      removeButtonProps={{ 'aria-label': lists.clearTask, 'aria-hidden': false, tabIndex: 0 }}
    >
      {lists.ofTask(data?.title ?? slug)}
    </Pill>
  );
}

export function RunFilters({ search, isFiltered, onChange }: RunFiltersProps): ReactNode {
  const { runs: texts, runCare, lists } = useTexts();
  const { keyword = '', status, origin, worker, task, label, pinned } = search;
  const { data: labels } = useQuery(labelsQuery);
  return (
    <div className={classes['filters']}>
      <div className={classes['search']}>
        <SearchField
          label={lists.searchRuns}
          value={keyword}
          onSearch={(next) => onChange({ keyword: next || undefined })}
        />
      </div>
      <RunStateSelect
        className={classes['filter']}
        value={status}
        onChange={(value) => onChange({ status: value })}
      />
      <WorkerSelect value={worker} onChange={(value) => onChange({ worker: value })} />
      {task !== undefined && <TaskFilter slug={task} onClear={() => onChange({ task: undefined })} />}
      <Select
        aria-label={texts.origin}
        placeholder={lists.anyOrigin}
        className={classes['filter']}
        data={origins.map((value) => ({ value, label: texts.origins[value] ?? value }))}
        value={origin ?? null}
        clearable
        onChange={(value) => onChange({ origin: value ?? undefined })}
      />
      <Select
        aria-label={runCare.labels}
        placeholder={runCare.anyLabel}
        className={classes['filter']}
        data={[
          ...new Set([...(label === undefined ? [] : [label]), ...(labels ?? []).map((each) => each.label)]),
        ]}
        value={label ?? null}
        searchable
        clearable
        limit={100}
        onChange={(value) => onChange({ label: value ?? undefined })}
      />
      <DayFilter label={lists.from} value={search.from} onChange={(from) => onChange({ from })} />
      <DayFilter label={lists.to} value={search.to} onChange={(to) => onChange({ to })} />
      <Checkbox
        label={runCare.pinnedOnly}
        checked={pinned === true}
        onChange={({ currentTarget }) => onChange({ pinned: currentTarget.checked ? true : undefined })}
      />
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
              task: undefined,
              label: undefined,
              pinned: undefined,
              from: undefined,
              to: undefined,
            })
          }
        >
          {lists.clear}
        </Button>
      )}
    </div>
  );
}
