/** The runs of the account, newest first. The address holds the filter. */
import { Group, Pagination, Paper, Select, Skeleton, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { runStatuses, runsQuery, type Run } from '../../api/runs.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { formatCount, formatDuration } from '../../components/figures.ts';
import { AnchorLink, ButtonLink } from '../../components/links.tsx';
import { Moment } from '../../components/moment.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';

const route = getRouteApi('/frame/signed-in/runs');

function RunLine({ run }: { readonly run: Run }): ReactNode {
  const { runs: texts } = useTexts();
  const { language } = useLanguage();
  return (
    <Table.Tr>
      <Table.Td>
        <AnchorLink to="/runs/$runId" params={{ runId: run.slug }} fw={500}>
          {run.scraper_title}
        </AnchorLink>
        <Text size="xs" c="dimmed" ff="monospace">
          {run.slug}
        </Text>
      </Table.Td>
      <Table.Td>
        <StatusBadge status={run.status} />
      </Table.Td>
      <Table.Td ta="right">{formatCount(run.results, language)}</Table.Td>
      <Table.Td>{run.started_at === 0 ? texts.notStarted : <Moment seconds={run.started_at} />}</Table.Td>
      <Table.Td ta="right">{formatDuration(run.duration)}</Table.Td>
      <Table.Td>{texts.origins[run.origin] ?? run.origin}</Table.Td>
      <Table.Td>{run.version}</Table.Td>
    </Table.Tr>
  );
}

function RunTable({ runs }: { readonly runs: readonly Run[] }): ReactNode {
  const { runs: texts } = useTexts();
  return (
    <Scroller label={texts.title}>
      <Table verticalSpacing="xs" miw={760} highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{texts.worker}</Table.Th>
            <Table.Th>{texts.status}</Table.Th>
            <Table.Th ta="right">{texts.results}</Table.Th>
            <Table.Th>{texts.started}</Table.Th>
            <Table.Th ta="right">{texts.duration}</Table.Th>
            <Table.Th>{texts.origin}</Table.Th>
            <Table.Th>{texts.version}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {runs.map((run) => (
            <RunLine key={run.slug} run={run} />
          ))}
        </Table.Tbody>
      </Table>
    </Scroller>
  );
}

export function RunsPage(): ReactNode {
  const { runs: texts, common } = useTexts();
  const { status, page = 1 } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, refetch } = useQuery(runsQuery({ status, page }));
  const pages = Math.ceil((data?.count ?? 0) / (data?.page_size ?? 1));
  const choices = runStatuses.map((value) => ({ value, label: common.status[value] }));
  return (
    <div>
      <PageHeader
        title={texts.title}
        actions={
          <Select
            aria-label={texts.status}
            placeholder={texts.anyStatus}
            data={choices}
            value={status ?? null}
            clearable
            onChange={(value) => void navigate({ search: value === null ? {} : { status: value } })}
          />
        }
      />
      {error !== null && <ErrorNotice error={error} onRetry={() => void refetch()} />}
      <Paper withBorder p="md">
        {data === undefined && error === null && <Skeleton h={360} />}
        {data?.count === 0 && (
          <EmptyState
            title={texts.emptyTitle}
            action={status === undefined && <ButtonLink to="/store">{texts.toWorkers}</ButtonLink>}
          >
            {status === undefined ? texts.emptyText : texts.emptyFiltered}
          </EmptyState>
        )}
        {data !== undefined && data.count > 0 && <RunTable runs={data.list} />}
        {pages > 1 && (
          <Group justify="center" mt="md">
            <Pagination
              total={pages}
              value={page}
              onChange={(next) => void navigate({ search: (before) => ({ ...before, page: next }) })}
            />
          </Group>
        )}
      </Paper>
    </div>
  );
}
