/** Filters by one of the workers that had runs. */
import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import classes from './filters.module.css';
import { useNow } from './charts/use-now.ts';
import { workerFiguresQuery } from '../api/statistics.ts';
import { useTexts } from '../texts/texts.tsx';

const daysBack = 100;
const daySeconds = 24 * 3600;
const maxChoices = 100;

interface WorkerSelectProps {
  /** `owner~name`; undefined for all. */
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}

export function WorkerSelect({ value, onChange }: WorkerSelectProps): ReactNode {
  const { lists: texts } = useTexts();
  // Rounded to whole days, so that cached answers are reused.
  const from = (Math.floor(useNow().getTime() / 1000 / daySeconds) - daysBack) * daySeconds;
  const { data } = useQuery({ ...workerFiguresQuery({ from, size: maxChoices }), staleTime: 60_000 });
  const found = (data?.list ?? [])
    .filter(({ worker_path: path }) => path !== '')
    .map(({ worker_path: path, worker_title: title }) => ({ value: path, label: title }));
  const isKnown = value === undefined || found.some((choice) => choice.value === value);
  return (
    <Select
      aria-label={texts.anyWorker}
      placeholder={texts.anyWorker}
      data={isKnown ? found : [...found, { value, label: value.replace('~', '/') }]}
      value={value ?? null}
      clearable
      searchable
      className={classes['filter']}
      onChange={(next) => onChange(next ?? undefined)}
    />
  );
}
