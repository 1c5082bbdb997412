/** Tables of runners, the queue, jobs and database tables. */
import { Badge, Table, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { RunnerState, System } from '../../api/system.ts';
import { formatBytes, formatCount } from '../../components/figures.ts';
import { Moment } from '../../components/moment.tsx';
import { Panel } from '../../components/panel.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { useLanguage, useTexts, type Texts } from '../../texts/texts.tsx';

interface Column<Item> {
  readonly label: string;
  readonly value: (item: Item) => ReactNode;
  readonly isNumber?: boolean;
}

interface SmallTableProps<Item> {
  readonly title: string;
  readonly items: readonly Item[];
  readonly columns: readonly Column<Item>[];
  readonly keyOf: (item: Item) => string | number;
  readonly emptyText?: string;
  readonly minWidth?: number;
}

function SmallTable<Item>(props: SmallTableProps<Item>): ReactNode {
  const { title, items, columns, keyOf, emptyText, minWidth } = props;
  return (
    <Panel title={title}>
      {items.length === 0 ? (
        <Text size="sm" c="dimmed">
          {emptyText}
        </Text>
      ) : (
        <Scroller label={title}>
          <Table verticalSpacing={6} miw={minWidth}>
            <Table.Thead>
              <Table.Tr>
                {columns.map(({ label, isNumber }) => (
                  <Table.Th key={label} ta={isNumber ? 'right' : 'left'}>
                    {label}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map((item) => (
                <Table.Tr key={keyOf(item)}>
                  {columns.map(({ label, value, isNumber }) => (
                    <Table.Td key={label} ta={isNumber ? 'right' : 'left'}>
                      {value(item)}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Scroller>
      )}
    </Panel>
  );
}

function runnerColumns(texts: Texts['system'], language: string): readonly Column<RunnerState>[] {
  const count = (value: number): string => formatCount(value, language);
  return [
    { label: texts.host, value: ({ hostname }) => hostname },
    { label: texts.process, value: (runner) => runner.process_id },
    { label: texts.state, value: (runner) => <RunnerBadge isAlive={runner.is_alive} /> },
    { label: texts.slots, value: ({ running, slots }) => texts.slotsOf(count(running), count(slots)) },
    { label: texts.sandbox, value: ({ sandbox }) => sandbox },
    { label: texts.version, value: ({ version }) => version },
    { label: texts.heartbeat, value: (runner) => <Moment seconds={runner.heartbeat_at} /> },
    { label: texts.started, value: (runner) => <Moment seconds={runner.started_at} /> },
  ];
}

function RunnerBadge({ isAlive }: { readonly isAlive: boolean }): ReactNode {
  const { system: texts } = useTexts();
  return (
    <Badge color={isAlive ? 'teal' : 'red'} variant="light" radius="sm">
      {isAlive ? texts.alive : texts.lost}
    </Badge>
  );
}

export function RunnerTable({ runners }: { readonly runners: readonly RunnerState[] }): ReactNode {
  const { system: texts } = useTexts();
  const { language } = useLanguage();
  return (
    <SmallTable
      title={texts.runners}
      items={runners}
      keyOf={({ id }) => id}
      emptyText={texts.noRunners}
      minWidth={760}
      columns={runnerColumns(texts, language)}
    />
  );
}

export function QueueTable({ accounts }: { readonly accounts: System['queue']['accounts'] }): ReactNode {
  const { system: texts } = useTexts();
  const { language } = useLanguage();
  return (
    <SmallTable
      title={texts.queue}
      items={accounts}
      keyOf={({ name }) => name}
      emptyText={texts.queueEmpty}
      columns={[
        { label: texts.account, value: ({ name }) => name },
        {
          label: texts.waiting,
          isNumber: true,
          value: (account) => formatCount(account.waiting_subtasks, language),
        },
        {
          label: texts.runningNow,
          isNumber: true,
          value: (account) => formatCount(account.running_subtasks, language),
        },
      ]}
    />
  );
}

export function JobTable({ jobs }: { readonly jobs: System['jobs'] }): ReactNode {
  const { system: texts } = useTexts();
  const { language } = useLanguage();
  return (
    <SmallTable
      title={texts.jobs}
      items={jobs}
      keyOf={({ kind }) => kind}
      columns={[
        { label: texts.kind, value: ({ kind }) => kind },
        { label: texts.waiting, isNumber: true, value: ({ waiting }) => formatCount(waiting, language) },
        { label: texts.later, isNumber: true, value: ({ later }) => formatCount(later, language) },
        { label: texts.active, isNumber: true, value: ({ active }) => formatCount(active, language) },
      ]}
    />
  );
}

export function TableSizes({ tables }: { readonly tables: System['database']['tables'] }): ReactNode {
  const { system: texts } = useTexts();
  const { language } = useLanguage();
  return (
    <SmallTable
      title={texts.database}
      items={tables}
      keyOf={({ name }) => name}
      columns={[
        { label: texts.table, value: ({ name }) => name },
        { label: texts.size, isNumber: true, value: ({ size }) => formatBytes(size, language) },
        { label: texts.rows, isNumber: true, value: ({ rows }) => formatCount(rows, language) },
      ]}
    />
  );
}
