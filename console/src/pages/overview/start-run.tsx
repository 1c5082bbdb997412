/** The workers to run next: the most used ones, then others of the account. Each leads to its form. */
import { Group, Stack } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { workerFiguresQuery } from '../../api/statistics.ts';
import { workersQuery } from '../../api/workers.ts';
import { AnchorLink, ButtonLink } from '../../components/links.tsx';
import { Panel } from '../../components/panel.tsx';
import { WorkerName } from '../../components/worker-name.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { workersShown } from './worker-rates.tsx';
import classes from './overview.module.css';

const shown = 5;

/** @param from only runs since then count for the order, Unix seconds */
export function StartRun({ from }: { readonly from: number }): ReactNode {
  const { overview: texts } = useTexts();
  const { data: figures } = useQuery(workerFiguresQuery({ from, size: workersShown }));
  const { data: own } = useQuery(workersQuery('own', {}));
  const used = (figures?.list ?? [])
    // A deleted worker has no page.
    .filter((worker) => worker.worker_path !== '')
    .map((worker): [string, string] => [worker.worker_path, worker.worker_title]);
  const others = (own?.list ?? []).map((worker): [string, string] => [worker.path, worker.title]);
  // A worker keeps its first place.
  const workers = new Map([...used, ...others]);
  return (
    <Panel
      title={texts.startRun}
      actions={
        <AnchorLink to="/workers" size="sm">
          {texts.toWorkers}
        </AnchorLink>
      }
    >
      <Stack gap="xs">
        {[...workers].slice(0, shown).map(([path, title]) => (
          <Group key={path} justify="space-between" gap="xs" wrap="nowrap" className={classes['line']}>
            <WorkerName path={path} title={title} />
            <ButtonLink
              to="/workers/$workerId"
              params={{ workerId: path }}
              size="compact-sm"
              variant="light"
              leftSection={<IconPlayerPlay size={14} />}
              aria-label={texts.fillAndRun(title)}
            >
              {texts.run}
            </ButtonLink>
          </Group>
        ))}
      </Stack>
    </Panel>
  );
}
