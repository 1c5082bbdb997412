import { Badge, Loader } from '@mantine/core';
import type { ReactNode } from 'react';
import { stateOf, type RunState } from '../api/run-states.ts';
import type { Run } from '../api/runs.ts';
import { formatCount } from './figures.ts';
import { useLanguage, useTexts } from '../texts/texts.tsx';

const colors: Readonly<Record<RunState, string>> = {
  ready: 'gray',
  running: 'blue',
  succeeded: 'teal',
  partly_failed: 'orange',
  failed: 'red',
  aborted: 'gray',
  aborting: 'orange',
};

/** The state of a run. For a partly failed run it says how many of its subtasks failed. */
export function StatusBadge({
  run,
}: {
  readonly run: Pick<Run, 'status' | 'end_reason' | 'end_detail'>;
}): ReactNode {
  const { common, ends } = useTexts();
  const { language } = useLanguage();
  const status = stateOf(run);
  const { failed_subtasks: failed, subtasks } = run.end_detail;
  const isCounted = status === 'partly_failed' && failed !== undefined && subtasks !== undefined;
  const isMoving = status === 'running' || status === 'aborting';
  return (
    <Badge
      color={colors[status]}
      variant="light"
      radius="sm"
      leftSection={isMoving && <Loader size={10} color={colors[status]} aria-hidden />}
    >
      {isCounted
        ? ends.failedOf(formatCount(failed, language), formatCount(subtasks, language))
        : common.status[status]}
    </Badge>
  );
}
