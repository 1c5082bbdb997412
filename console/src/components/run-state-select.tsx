/** Filters a list of runs by a state or a reason for failing. */
import { Select } from '@mantine/core';
import type { ReactNode } from 'react';
import { failureReasons, runStateFilters, runStates, type RunStateFilter } from '../api/run-states.ts';
import { useTexts } from '../texts/texts.tsx';

interface RunStateSelectProps {
  readonly value: RunStateFilter | undefined;
  readonly onChange: (value: RunStateFilter | undefined) => void;
  readonly className?: string | undefined;
}

export function RunStateSelect({ value, onChange, className }: RunStateSelectProps): ReactNode {
  const { runs: texts, common, ends } = useTexts();
  return (
    <Select
      aria-label={texts.status}
      placeholder={texts.anyStatus}
      className={className}
      data={[
        {
          group: texts.status,
          items: runStates.map((state) => ({ value: state, label: common.status[state] })),
        },
        {
          group: ends.failedBecause,
          items: failureReasons.map((reason) => ({ value: reason, label: ends.reasons[reason] })),
        },
      ]}
      value={value ?? null}
      clearable
      maxDropdownHeight={420}
      onChange={(next) => onChange(runStateFilters.find((known) => known === next))}
    />
  );
}
