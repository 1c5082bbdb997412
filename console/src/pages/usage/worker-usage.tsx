/** Statistics by worker, as a table that can be sorted by every column. */
import { Pagination, Group, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { workerFiguresQuery, type WorkerFigures } from '../../api/statistics.ts';
import { formatAmount, formatPercentile, formatShare } from '../../components/amounts.ts';
import type { TimeRange } from '../../components/charts/time-range.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { formatBytes, formatCount } from '../../components/figures.ts';
import { Panel } from '../../components/panel.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { SortHeader } from '../../components/sort-header.tsx';
import { WorkerName } from '../../components/worker-name.tsx';
import { useLanguage, useTexts, type Texts } from '../../texts/texts.tsx';

interface WorkerUsageProps {
  readonly range: TimeRange;
  /** `-runs` */
  readonly sort: string;
  readonly page: number;
  readonly onSort: (sort: string) => void;
  readonly onPage: (page: number) => void;
}

interface Column {
  /** Name of the column in the API. */
  readonly name: string;
  readonly label: (texts: Texts['usage']) => string;
  readonly value: (worker: WorkerFigures, language: string) => string;
}

const columns: readonly Column[] = [
  { name: 'runs', label: ({ runs }) => runs, value: ({ runs }, language) => formatCount(runs, language) },
  {
    name: 'failed',
    label: ({ failed }) => failed,
    value: (worker, language) => formatCount(worker.failed, language),
  },
  {
    name: 'success_rate',
    label: ({ rate }) => rate,
    value: (worker, language) => formatShare(worker.success_rate, language),
  },
  {
    name: 'duration_p50',
    label: ({ p50 }) => p50,
    value: (worker, language) => formatPercentile(worker.duration_p50, worker.duration_is_exact, language),
  },
  {
    name: 'duration_p90',
    label: ({ p90 }) => p90,
    value: (worker, language) => formatPercentile(worker.duration_p90, worker.duration_is_exact, language),
  },
  {
    name: 'results',
    label: ({ rows }) => rows,
    value: (worker, language) => formatCount(worker.results, language),
  },
  {
    name: 'traffic',
    label: ({ traffic }) => traffic,
    value: (worker, language) => formatBytes(worker.traffic, language),
  },
  {
    name: 'usage',
    label: ({ cost }) => cost,
    value: (worker, language) => formatAmount(worker.usage, language),
  },
];

export function WorkerUsage({ range, sort, page, onSort, onPage }: WorkerUsageProps): ReactNode {
  const { usage: texts } = useTexts();
  const { language } = useLanguage();
  const { from, to } = range;
  const { data, error, refetch } = useQuery(workerFiguresQuery({ from, to, sort, page }));
  const pages = Math.ceil((data?.count ?? 0) / (data?.page_size ?? 1));
  return (
    <Panel title={texts.byWorker}>
      {error !== null && <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data?.count === 0 && (
        <Text size="sm" c="dimmed">
          {texts.empty}
        </Text>
      )}
      {data !== undefined && data.count > 0 && (
        <Scroller label={texts.byWorker} isFullHeight>
          <Table verticalSpacing="xs" miw={860} highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <SortHeader name="title" label={texts.worker} sort={sort} onSort={onSort} isText />
                {columns.map(({ name, label }) => (
                  <SortHeader
                    key={name}
                    name={name}
                    label={label(texts)}
                    sort={sort}
                    onSort={onSort}
                    align="right"
                  />
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.list.map((worker, index) => (
                <Table.Tr key={worker.worker_slug || `deleted-${index}`}>
                  <Table.Td>
                    <WorkerName path={worker.worker_path} title={worker.worker_title} />
                  </Table.Td>
                  {columns.map(({ name, value }) => (
                    <Table.Td key={name} ta="right">
                      {value(worker, language)}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Scroller>
      )}
      {pages > 1 && (
        <Group justify="center" mt="md">
          <Pagination total={pages} value={page} onChange={onPage} size="sm" />
        </Group>
      )}
    </Panel>
  );
}
