/** The account's runs of one worker. The URL holds filter and page. */
import { Box, Paper, Skeleton, Stack, Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { RunStateFilter } from '../../api/run-states.ts';
import type { Run } from '../../api/runs.ts';
import { workerRunsQuery } from '../../api/workers.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { formatCount, formatDuration } from '../../components/figures.ts';
import { AnchorLink } from '../../components/links.tsx';
import { ListPager } from '../../components/list-pager.tsx';
import { Moment } from '../../components/moment.tsx';
import { RunStateSelect } from '../../components/run-state-select.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';

interface RunsTabProps {
  readonly workerId: string;
  readonly status: RunStateFilter | undefined;
  readonly page: number;
  readonly onSearch: (search: { readonly status?: RunStateFilter; readonly page?: number }) => void;
}

function RunLine({ run }: { readonly run: Run }): ReactNode {
  const { runs: texts } = useTexts();
  const { language } = useLanguage();
  return (
    <Table.Tr>
      <Table.Td>
        <AnchorLink to="/runs/$runId" params={{ runId: run.slug }} ff="monospace" size="sm">
          {run.slug}
        </AnchorLink>
      </Table.Td>
      <Table.Td>
        <StatusBadge run={run} />
      </Table.Td>
      <Table.Td ta="right">{formatCount(run.results, language)}</Table.Td>
      <Table.Td>{run.started_at === 0 ? texts.notStarted : <Moment seconds={run.started_at} />}</Table.Td>
      <Table.Td ta="right">{formatDuration(run.duration)}</Table.Td>
      <Table.Td>{texts.origins[run.origin] ?? run.origin}</Table.Td>
      <Table.Td>{run.version}</Table.Td>
    </Table.Tr>
  );
}

export function RunsTab({ workerId, status, page, onSearch }: RunsTabProps): ReactNode {
  const { runs: texts, workers } = useTexts();
  const { data, error, refetch } = useQuery(workerRunsQuery(workerId, status, page));
  return (
    <Stack>
      <Box w="14rem">
        <RunStateSelect
          value={status}
          onChange={(next) => onSearch(next === undefined ? {} : { status: next })}
        />
      </Box>
      {error !== null && <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton h={240} />}
      {data?.count === 0 && <EmptyState title={status === undefined ? workers.noRuns : workers.noSuchRuns} />}
      {data !== undefined && data.count > 0 && (
        <>
          <Paper withBorder>
            <Scroller label={texts.title}>
              <Table verticalSpacing="xs" miw={760} highlightOnHover>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{workers.run}</Table.Th>
                    <Table.Th>{texts.status}</Table.Th>
                    <Table.Th ta="right">{texts.results}</Table.Th>
                    <Table.Th>{texts.started}</Table.Th>
                    <Table.Th ta="right">{texts.duration}</Table.Th>
                    <Table.Th>{texts.origin}</Table.Th>
                    <Table.Th>{texts.version}</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {data.list.map((run) => (
                    <RunLine key={run.slug} run={run} />
                  ))}
                </Table.Tbody>
              </Table>
            </Scroller>
          </Paper>
          <ListPager
            count={data.count}
            isExact={data.count_is_exact}
            page={page}
            size={data.page_size}
            onPage={(next) => onSearch({ ...(status !== undefined && { status }), page: next })}
          />
        </>
      )}
    </Stack>
  );
}
