/** What a run used and what it cost. */
import { Paper, SimpleGrid, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { usageQuery, type RunUsage } from '../../api/run-parts.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { formatBytes, formatCount } from '../../components/figures.ts';
import { Scroller } from '../../components/scroller.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';

/** @param isLive whether the run is still going on */
export function UsagePanel({ slug, isLive }: { readonly slug: string; readonly isLive: boolean }): ReactNode {
  const { run: texts } = useTexts();
  const { data, error, refetch } = useQuery(usageQuery(slug, isLive));
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h={160} />;
  return (
    <Stack gap="sm">
      <Metered metered={data.metered} />
      {data.entries.length === 0 ? (
        <Text size="sm" c="dimmed">
          {texts.noUsage}
        </Text>
      ) : (
        <Charges usage={data} />
      )}
    </Stack>
  );
}

/** What was used, whether it is charged or not. */
function Metered({ metered }: Pick<RunUsage, 'metered'>): ReactNode {
  const { run: texts } = useTexts();
  const { language } = useLanguage();
  const hours = new Intl.NumberFormat(language, { maximumFractionDigits: 4 });
  const seconds = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const figures = [
    [texts.kinds.result, formatCount(metered.results, language)],
    [texts.kinds.memory, `${hours.format(metered.memory_gb_hours)} ${texts.units['GB-hour']}`],
    [texts.kinds.cpu, `${seconds.format(metered.cpu_seconds)} s`],
    [texts.kinds.traffic, formatBytes(metered.traffic_bytes, language)],
  ] as const;
  return (
    <Paper withBorder px="md" py="xs">
      <SimpleGrid component="dl" m={0} cols={{ base: 2, sm: 4 }} spacing="sm">
        {figures.map(([label, figure]) => (
          <div key={label}>
            <Text component="dt" size="xs" c="dimmed">
              {label}
            </Text>
            <Text component="dd" m={0} fw={600}>
              {figure}
            </Text>
          </div>
        ))}
      </SimpleGrid>
    </Paper>
  );
}

function Charges({ usage: data }: { readonly usage: RunUsage }): ReactNode {
  const { run: texts } = useTexts();
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
