/** The hosts that a run connected to, or was refused. */
import { Paper, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { hostsAtOnce, runHostsQuery, type RunHost, type RunHostList } from '../../api/run-hosts.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { formatBytes, formatCount } from '../../components/figures.ts';
import { ListPager } from '../../components/list-pager.tsx';
import { Moment } from '../../components/moment.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { SearchField } from '../../components/search-field.tsx';
import { SortHeader } from '../../components/sort-header.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';

function HostName({ host }: { readonly host: RunHost }): ReactNode {
  const { network: texts } = useTexts();
  if (host.is_other) {
    return (
      <>
        <Text size="sm">{texts.otherHosts}</Text>
        <Text size="xs" c="dimmed">
          {texts.otherHostsHint}
        </Text>
      </>
    );
  }
  const name = host.host.includes(':') ? `[${host.host}]` : host.host;
  return (
    <Text size="sm" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
      {name}
      <Text span c="dimmed" inherit style={{ whiteSpace: 'nowrap' }}>
        :{host.port}
      </Text>
    </Text>
  );
}

function HostRow({ host }: { readonly host: RunHost }): ReactNode {
  const { network: texts } = useTexts();
  const { language } = useLanguage();
  return (
    <Table.Tr>
      <Table.Td miw={180}>
        <HostName host={host} />
      </Table.Td>
      <Table.Td ta="right">{formatCount(host.connections, language)}</Table.Td>
      <Table.Td ta="right">{formatBytes(host.sent_bytes, language)}</Table.Td>
      <Table.Td ta="right">{formatBytes(host.received_bytes, language)}</Table.Td>
      <Table.Td miw={160}>
        {host.refusals.map(({ reason, count }) => (
          <Text key={reason} size="sm">
            {texts.reasonCount(texts.reasons[reason], formatCount(count, language))}
          </Text>
        ))}
      </Table.Td>
      <Table.Td>
        <Moment seconds={host.first_at} />
      </Table.Td>
      <Table.Td>
        <Moment seconds={host.last_at} />
      </Table.Td>
    </Table.Tr>
  );
}

interface HostTableProps {
  readonly list: RunHostList['list'];
  readonly sort: string;
  readonly onSort: (sort: string) => void;
}

function HostTable({ list, sort, onSort }: HostTableProps): ReactNode {
  const { run, network: texts } = useTexts();
  const order = { sort, onSort };
  return (
    <Scroller label={run.tabs.network} isFullHeight>
      <Table verticalSpacing={6} highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <SortHeader name="host" label={texts.host} isText {...order} />
            <SortHeader name="connections" label={texts.connections} align="right" {...order} />
            <SortHeader name="sent_bytes" label={texts.sent} align="right" {...order} />
            <SortHeader name="received_bytes" label={texts.received} align="right" {...order} />
            <SortHeader name="refused" label={texts.refused} {...order} />
            <SortHeader name="first_at" label={texts.first} {...order} />
            <SortHeader name="last_at" label={texts.last} {...order} />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {list.map((host) => (
            <HostRow key={`${host.host} ${host.port}`} host={host} />
          ))}
        </Table.Tbody>
      </Table>
    </Scroller>
  );
}

function Totals({ totals }: Pick<RunHostList, 'totals'>): ReactNode {
  const { network: texts } = useTexts();
  const { language } = useLanguage();
  const { connections, refused, sent_bytes: sent, received_bytes: received } = totals;
  return (
    <Text size="sm" c="dimmed">
      {texts.totals(
        formatCount(connections, language),
        formatCount(refused, language),
        formatBytes(sent, language),
        formatBytes(received, language),
      )}
    </Text>
  );
}

/** @param isLive whether the run is still going on */
export function NetworkPanel({
  slug,
  isLive,
}: {
  readonly slug: string;
  readonly isLive: boolean;
}): ReactNode {
  const { network: texts } = useTexts();
  const [filter, setFilter] = useState({ keyword: '', sort: '-bytes', page: 1 });
  const { data, error, refetch } = useQuery(runHostsQuery(slug, filter, isLive));
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h={320} />;
  if (data.count === 0 && filter.keyword === '') {
    return (
      <Paper withBorder>
        <EmptyState title={texts.emptyTitle}>{isLive ? texts.emptyLive : texts.emptyEnded}</EmptyState>
      </Paper>
    );
  }
  return (
    <Stack gap="xs">
      <SearchField
        label={texts.search}
        value={filter.keyword}
        onSearch={(keyword) => setFilter({ ...filter, keyword, page: 1 })}
      />
      <Totals totals={data.totals} />
      <Paper withBorder>
        {data.list.length === 0 ? (
          <EmptyState title={texts.noMatch} />
        ) : (
          <HostTable
            list={data.list}
            sort={filter.sort}
            onSort={(sort) => setFilter({ ...filter, sort, page: 1 })}
          />
        )}
      </Paper>
      <ListPager
        count={data.count}
        page={filter.page}
        size={hostsAtOnce}
        onPage={(page) => setFilter({ ...filter, page })}
      />
    </Stack>
  );
}
