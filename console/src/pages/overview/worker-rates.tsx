/** Success rates of the workers with the most runs. */
import { Progress, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { workerFiguresQuery, type WorkerFigures } from '../../api/statistics.ts';
import { formatPercentile, formatShare } from '../../components/amounts.ts';
import { formatCount } from '../../components/figures.ts';
import { AnchorLink } from '../../components/links.tsx';
import { Panel } from '../../components/panel.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { WorkerName } from '../../components/worker-name.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';

export const workersShown = 8;

function rateColor(rate: number): string {
  if (rate >= 0.95) return 'teal';
  return rate >= 0.7 ? 'yellow' : 'red';
}

function WorkerLine({ worker }: { readonly worker: WorkerFigures }): ReactNode {
  const { language } = useLanguage();
  const rate = worker.success_rate;
  return (
    <Table.Tr>
      <Table.Td maw={180}>
        <WorkerName path={worker.worker_path} title={worker.worker_title} />
      </Table.Td>
      <Table.Td ta="right">{formatCount(worker.runs, language)}</Table.Td>
      <Table.Td miw={90}>
        <Text size="xs" ta="right" component="div">
          {formatShare(rate, language)}
        </Text>
        {rate >= 0 && <Progress value={rate * 100} color={rateColor(rate)} size="xs" aria-hidden />}
      </Table.Td>
      <Table.Td ta="right">
        {formatPercentile(worker.duration_p50, worker.duration_is_exact, language)}
      </Table.Td>
    </Table.Tr>
  );
}

export function WorkerRates({ from }: { readonly from: number }): ReactNode {
  const { overview: texts, usage } = useTexts();
  const { data } = useQuery(workerFiguresQuery({ from, size: workersShown }));
  return (
    <Panel
      title={texts.byWorker}
      actions={
        <AnchorLink to="/usage" size="sm">
          {texts.toUsage}
        </AnchorLink>
      }
    >
      {data?.count === 0 ? (
        <Text size="sm" c="dimmed">
          {texts.noRuns}
        </Text>
      ) : (
        <Stack gap={0}>
          <Scroller label={texts.byWorker}>
            <Table verticalSpacing={6} horizontalSpacing="xs">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{usage.worker}</Table.Th>
                  <Table.Th ta="right">{usage.runs}</Table.Th>
                  <Table.Th ta="right">{texts.successRate}</Table.Th>
                  <Table.Th ta="right">{texts.median}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {data?.list.map((worker, index) => (
                  <WorkerLine key={worker.worker_slug || `deleted-${index}`} worker={worker} />
                ))}
              </Table.Tbody>
            </Table>
          </Scroller>
        </Stack>
      )}
    </Panel>
  );
}
