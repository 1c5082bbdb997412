import { Badge, Loader } from '@mantine/core';
import type { ReactNode } from 'react';
import type { RunStatus } from '../api/runs.ts';
import { useTexts } from '../texts/texts.tsx';

const colors: Readonly<Record<RunStatus, string>> = {
  ready: 'gray',
  running: 'blue',
  succeeded: 'teal',
  failed: 'red',
  aborting: 'orange',
};

export function StatusBadge({ status }: { readonly status: RunStatus }): ReactNode {
  const { common } = useTexts();
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
