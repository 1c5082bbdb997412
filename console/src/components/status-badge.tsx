import { Badge, Loader } from '@mantine/core';
import type { ReactNode } from 'react';
import { isAborted, type Run, type RunStatus } from '../api/runs.ts';
import { useTexts } from '../texts/texts.tsx';

const colors: Readonly<Record<RunStatus | 'aborted', string>> = {
  ready: 'gray',
  running: 'blue',
  succeeded: 'teal',
  failed: 'red',
  aborted: 'gray',
  aborting: 'orange',
};

/** What somebody aborted has the API's status `failed`, but did not fail by itself. */
export function StatusBadge({ run }: { readonly run: Pick<Run, 'status' | 'err_msg'> }): ReactNode {
  const { common } = useTexts();
  const status = isAborted(run) ? 'aborted' : run.status;
  const isMoving = status === 'running' || status === 'aborting';
  return (
    <Badge
      color={colors[status]}
      variant="light"
      radius="sm"
      leftSection={isMoving && <Loader size={10} color={colors[status]} aria-hidden />}
    >
      {common.status[status]}
    </Badge>
  );
}
