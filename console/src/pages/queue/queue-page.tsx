/** Held runs, to be activated or released, and the outcomes of earlier ones. The URL holds tab and page. */
import { Button, Checkbox, Group, Paper, Skeleton, Stack, Table, Tabs, Text } from '@mantine/core';
import { IconPlayerPlay, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { queueItemsQuery, useActivate, type QueueItem, type QueueState } from '../../api/run-queue.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { AnchorLink } from '../../components/links.tsx';
import { ListPager } from '../../components/list-pager.tsx';
import { Moment } from '../../components/moment.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { WorkerName } from '../../components/worker-name.tsx';
import { StackedTable } from '../../components/stacked-table.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { HeldInput } from './held-input.tsx';
import { QueueOutcomes, type NamedOutcome } from './queue-outcomes.tsx';
import { ReleaseDialog } from './release-dialog.tsx';

const route = getRouteApi('/frame/signed-in/queue');

interface Selection {
  readonly refs: ReadonlySet<string>;
  readonly toggle: (refs: readonly string[], isSelected: boolean) => void;
}

function WaitingTable({
  items,
  selection,
}: {
  readonly items: readonly QueueItem[];
  readonly selection: Selection;
}): ReactNode {
  const { queue: texts } = useTexts();
  const refs = items.map((item) => item.queue_ref);
  const selectedHere = refs.filter((ref) => selection.refs.has(ref)).length;
  const isAll = selectedHere === refs.length;
  return (
    <StackedTable minWidth={560} isHighlighted>
      <Table.Thead>
        <Table.Tr>
          <Table.Th w={40}>
            <Checkbox
              aria-label={texts.selectAll}
              checked={isAll}
              indeterminate={selectedHere > 0 && !isAll}
              onChange={() => selection.toggle(refs, !isAll)}
            />
          </Table.Th>
          <Table.Th>{texts.worker}</Table.Th>
          <Table.Th>{texts.version}</Table.Th>
          <Table.Th>{texts.held}</Table.Th>
          <Table.Th>{texts.number}</Table.Th>
          <Table.Th>{texts.input}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {items.map((item) => (
          <Table.Tr
            key={item.queue_ref}
            bg={selection.refs.has(item.queue_ref) ? 'var(--mantine-color-default-hover)' : undefined}
          >
            <Table.Td>
              <Checkbox
                aria-label={texts.select(`${item.worker_title} ${item.queue_ref}`)}
                checked={selection.refs.has(item.queue_ref)}
                onChange={({ currentTarget }) => selection.toggle([item.queue_ref], currentTarget.checked)}
              />
            </Table.Td>
            <Table.Td data-label={texts.worker}>
              <WorkerName path={item.worker_path} title={item.worker_title} />
            </Table.Td>
            <Table.Td data-label={texts.version}>{item.version}</Table.Td>
            <Table.Td data-label={texts.held}>
              <Moment seconds={item.created_at} />
            </Table.Td>
            <Table.Td ff="monospace" data-label={texts.number}>
              {item.queue_ref}
            </Table.Td>
            <Table.Td data-label={texts.input}>
              <HeldInput item={item} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </StackedTable>
  );
}

function HistoryTable({ items }: { readonly items: readonly QueueItem[] }): ReactNode {
  const { queue: texts } = useTexts();
  return (
    <StackedTable minWidth={620} isHighlighted>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{texts.worker}</Table.Th>
          <Table.Th>{texts.version}</Table.Th>
          <Table.Th>{texts.held}</Table.Th>
          <Table.Th>{texts.outcome}</Table.Th>
          <Table.Th>{texts.reason}</Table.Th>
          <Table.Th>{texts.input}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {items.map((item) => (
          <Table.Tr key={item.queue_ref}>
            <Table.Td data-label={texts.worker}>
              <WorkerName path={item.worker_path} title={item.worker_title} />
            </Table.Td>
            <Table.Td data-label={texts.version}>{item.version}</Table.Td>
            <Table.Td data-label={texts.held}>
              <Moment seconds={item.created_at} />
            </Table.Td>
            <Table.Td data-label={texts.outcome}>
              {item.run_slug === '' ? (
                texts.released
              ) : (
                <AnchorLink to="/runs/$runId" params={{ runId: item.run_slug }} size="sm">
                  {texts.activated}
                </AnchorLink>
              )}
            </Table.Td>
            <Table.Td data-label={texts.reason}>{item.reason}</Table.Td>
            <Table.Td data-label={texts.input}>
              <HeldInput item={item} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </StackedTable>
  );
}

interface ActionsProps {
  readonly items: readonly QueueItem[];
  readonly onDone: (outcomes: readonly NamedOutcome[]) => void;
}

/** Actions on the selected items. */
function SelectionActions({ items, onDone }: ActionsProps): ReactNode {
  const { queue: texts } = useTexts();
  const activate = useActivate();
  const [isReleasing, setReleasing] = useState(false);
  const refs = items.map((item) => item.queue_ref);
  return (
    <>
      <Group justify="space-between">
        <Text size="sm" aria-live="polite">
          {texts.selected(items.length)}
        </Text>
        <Group gap="xs">
          <Button
            size="xs"
            leftSection={<IconPlayerPlay size={14} />}
            disabled={items.length === 0}
            loading={activate.isPending}
            onClick={() =>
              activate.mutate({ refs }, { onSuccess: (outcomes) => onDone(named(outcomes, items)) })
            }
          >
            {texts.activate}
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconTrash size={14} />}
            disabled={items.length === 0}
            onClick={() => setReleasing(true)}
          >
            {texts.release}
          </Button>
        </Group>
      </Group>
      {activate.error !== null && <ErrorNotice error={activate.error} />}
      {isReleasing && (
        <ReleaseDialog
          refs={refs}
          onClose={() => setReleasing(false)}
          onDone={(outcomes) => onDone(named(outcomes, items))}
        />
      )}
    </>
  );
}

function named(
  outcomes: readonly Omit<NamedOutcome, 'title'>[],
  items: readonly QueueItem[],
): readonly NamedOutcome[] {
  return outcomes.map((outcome) => {
    const item = items.find(({ queue_ref: ref }) => ref === outcome.queue_ref);
    return { ...outcome, title: item?.worker_title || outcome.queue_ref };
  });
}

function Content({
  tab,
  page,
  size,
}: {
  readonly tab: QueueState;
  readonly page: number;
  readonly size: number;
}): ReactNode {
  const { queue: texts } = useTexts();
  const navigate = route.useNavigate();
  const { data, error, refetch } = useQuery(queueItemsQuery(tab, page, size));
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [outcomes, setOutcomes] = useState<readonly NamedOutcome[]>([]);
  const items = data?.list ?? [];
  const isWaiting = tab === 'waiting';
  const selection: Selection = {
    refs: selected,
    toggle: (refs, isSelected) =>
      setSelected((before) => (isSelected ? before.union(new Set(refs)) : before.difference(new Set(refs)))),
  };
  return (
    <Stack>
      {error !== null && <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {outcomes.length > 0 && <QueueOutcomes outcomes={outcomes} onDismiss={() => setOutcomes([])} />}
      {data === undefined && error === null && <Skeleton h={280} />}
      {data?.count === 0 && (
        <EmptyState title={isWaiting ? texts.emptyWaiting : texts.emptyHistory}>
          {isWaiting ? texts.emptyWaitingText : texts.emptyHistoryText}
        </EmptyState>
      )}
      {data !== undefined && data.count > 0 && (
        <>
          {isWaiting && (
            <SelectionActions
              items={items.filter((item) => selected.has(item.queue_ref))}
              onDone={(done) => {
                setOutcomes(done);
                setSelected(new Set());
              }}
            />
          )}
          <Scroller label={texts.tabs[tab]} isFullHeight>
            {isWaiting ? (
              <WaitingTable items={items} selection={selection} />
            ) : (
              <HistoryTable items={items} />
            )}
          </Scroller>
          <ListPager
            count={data.count}
            page={page}
            size={size}
            onPage={(next) => void navigate({ search: (before) => ({ ...before, page: next }) })}
            onSize={(next) =>
              void navigate({ search: (before) => ({ ...before, size: next, page: undefined }) })
            }
          />
        </>
      )}
    </Stack>
  );
}

export function QueuePage(): ReactNode {
  const { queue: texts } = useTexts();
  const { tab = 'waiting', page = 1, size = 20 } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <div>
      <PageHeader title={texts.title} description={texts.text} />
      <Paper withBorder p="md">
        <Tabs
          value={tab}
          onChange={(value) => void navigate({ search: value === 'inactive' ? { tab: value } : {} })}
        >
          <Tabs.List mb="md">
            <Tabs.Tab value="waiting">{texts.tabs.waiting}</Tabs.Tab>
            <Tabs.Tab value="inactive">{texts.tabs.inactive}</Tabs.Tab>
          </Tabs.List>
          {(['waiting', 'inactive'] as const).map((value) => (
            <Tabs.Panel key={value} value={value}>
              {value === tab && <Content tab={tab} page={page} size={size} />}
            </Tabs.Panel>
          ))}
        </Tabs>
      </Paper>
    </div>
  );
}
