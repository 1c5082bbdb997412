/** The rows of a run by page, in the order they arrived. */
import { Group, Pagination, Paper, Skeleton, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { pageSize, resultsQuery, type ResultHeader, type ResultRow } from '../../api/runs.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { ResultCell } from './result-cell.tsx';

interface ResultTableProps {
  readonly slug: string;
  /** Whether the run still goes on. */
  readonly isLive: boolean;
}

function Rows({
  headers,
  rows,
  first,
}: {
  readonly headers: readonly ResultHeader[];
  readonly rows: readonly ResultRow[];
  /** Number of the first row. */
  readonly first: number;
}): ReactNode {
  const { runs: texts } = useTexts();
  return (
    <Scroller label={texts.results}>
      <Table verticalSpacing={6} stickyHeader withColumnBorders striped="even">
        <Table.Thead>
          <Table.Tr>
            <Table.Th ta="right" w={1}>
              #
            </Table.Th>
            {headers.map(({ key, label }) => (
              <Table.Th key={key} title={key}>
                {label || key}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row, index) => (
            <Table.Tr key={row.__coreclaw_data_id__}>
              <Table.Td ta="right">
                <Text size="xs" c="dimmed">
                  {first + index}
                </Text>
              </Table.Td>
              {headers.map(({ key }) => (
                <Table.Td key={key} valign="top">
                  <ResultCell value={row[key]} />
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scroller>
  );
}

export function ResultTable({ slug, isLive }: ResultTableProps): ReactNode {
  const { runs: texts } = useTexts();
  const [page, setPage] = useState(1);
  const { data, error, refetch } = useQuery(resultsQuery(slug, page, isLive));
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h={320} />;
  if (data.count === 0) {
    return (
      <Paper withBorder>
        <EmptyState title={texts.noResultsTitle}>
          {isLive ? texts.noResultsLive : texts.noResultsEnded}
        </EmptyState>
      </Paper>
    );
  }
  const pages = Math.ceil(data.count / pageSize);
  return (
    <Paper withBorder>
      <Rows headers={data.headers} rows={data.list} first={(data.page_index - 1) * pageSize + 1} />
      {pages > 1 && (
        <Group justify="center" p="sm">
          <Pagination total={pages} value={page} onChange={setPage} size="sm" />
        </Group>
      )}
    </Paper>
  );
}
