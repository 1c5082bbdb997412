/** What a run used and what it cost. */
import { Paper, Skeleton, Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { usageQuery } from '../../api/run-parts.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { useTexts } from '../../texts/texts.tsx';

/** @param isLive whether the run is still going on */
export function UsagePanel({ slug, isLive }: { readonly slug: string; readonly isLive: boolean }): ReactNode {
  const { run: texts } = useTexts();
  const { data, error, refetch } = useQuery(usageQuery(slug, isLive));
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h={160} />;
  if (data.entries.length === 0) {
    return (
      <Paper withBorder>
        <EmptyState title={texts.noUsage} />
      </Paper>
    );
  }
  return (
    <Paper withBorder>
      <Scroller label={texts.tabs.usage}>
        <Table verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{texts.kind}</Table.Th>
              <Table.Th ta="right">{texts.quantity}</Table.Th>
              <Table.Th ta="right">{texts.unitPrice}</Table.Th>
              <Table.Th ta="right">{texts.amount}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.entries.map(({ kind, unit, quantity, unit_price: price, amount }) => (
              <Table.Tr key={`${kind} ${price}`}>
                <Table.Td>{texts.kinds[kind]}</Table.Td>
                <Table.Td ta="right">
                  {quantity} {texts.units[unit]}
                </Table.Td>
                <Table.Td ta="right">{price}</Table.Td>
                <Table.Td ta="right">{amount}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
          <Table.Tfoot>
            <Table.Tr>
              <Table.Th>{texts.total}</Table.Th>
              <Table.Td colSpan={2} />
              <Table.Th ta="right">{data.usage}</Table.Th>
            </Table.Tr>
          </Table.Tfoot>
        </Table>
      </Scroller>
    </Paper>
  );
}
