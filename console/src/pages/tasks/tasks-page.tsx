/** The saved tasks of the account: run them, schedule them, delete them. */
import { Button, Group, Paper, Select, Skeleton, Stack, Table } from '@mantine/core';
import { IconCalendarTime, IconPlayerPlay, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { tasksQuery, useRunTask, type Task } from '../../api/tasks.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { AnchorLink, ButtonLink } from '../../components/links.tsx';
import { Moment } from '../../components/moment.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { ScheduleText } from '../../components/schedule-text.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { SearchField } from '../../components/search-field.tsx';
import { SortHeader } from '../../components/sort-header.tsx';
import { WorkerSelect } from '../../components/worker-select.tsx';
import { ListPager } from '../../components/list-pager.tsx';
import { WorkerName } from '../../components/worker-name.tsx';
import type { TaskSearch } from '../../search.ts';
import { StackedTable } from '../../components/stacked-table.tsx';
import { useTexts } from '../../texts/texts.tsx';
import classes from '../../components/filters.module.css';
import { DeleteTaskDialog } from './delete-task-dialog.tsx';
import { ScheduleEditor } from './schedule-editor.tsx';

const route = getRouteApi('/frame/signed-in/tasks');

function TaskActions({ task }: { readonly task: Task }): ReactNode {
  const { tasks: texts } = useTexts();
  const navigate = useNavigate();
  const run = useRunTask(task.slug);
  const [dialog, setDialog] = useState<'schedule' | 'delete'>();
  const close = (): void => setDialog(undefined);
  return (
    <>
      <Group gap={4} wrap="nowrap" justify="flex-end">
        <Button
          size="compact-sm"
          variant="light"
          leftSection={<IconPlayerPlay size={14} />}
          loading={run.isPending}
          onClick={() =>
            run.mutate(undefined, {
              onSuccess: ({ run_slug: runId }) => void navigate({ to: '/runs/$runId', params: { runId } }),
            })
          }
        >
          {texts.run}
        </Button>
        <Button
          size="compact-sm"
          variant="subtle"
          color="gray"
          leftSection={<IconCalendarTime size={14} />}
          aria-label={texts.editSchedule(task.title)}
          onClick={() => setDialog('schedule')}
        >
          {texts.schedule}
        </Button>
        <Button
          size="compact-sm"
          variant="subtle"
          color="red"
          aria-label={texts.removeTitle(task.title)}
          onClick={() => setDialog('delete')}
        >
          <IconTrash size={14} />
        </Button>
      </Group>
      {run.error !== null && <ErrorNotice error={run.error} />}
      {dialog === 'schedule' && <ScheduleEditor task={task} onClose={close} />}
      {dialog === 'delete' && <DeleteTaskDialog task={task} onClose={close} onDeleted={close} />}
    </>
  );
}

function TaskLine({ task }: { readonly task: Task }): ReactNode {
  const { runs, tasks: texts } = useTexts();
  return (
    <Table.Tr>
      <Table.Td data-label={texts.name}>
        <AnchorLink to="/tasks/$taskId" params={{ taskId: task.slug }} size="sm" fw={500}>
          {task.title}
        </AnchorLink>
      </Table.Td>
      <Table.Td data-label={texts.worker}>
        <WorkerName path={task.worker_path} title={task.worker_title} />
      </Table.Td>
      <Table.Td data-label={texts.schedule}>
        <ScheduleText task={task} />
      </Table.Td>
      <Table.Td data-label={texts.next}>
        {task.schedule_next_at === 0 ? '–' : <Moment seconds={task.schedule_next_at} />}
      </Table.Td>
      <Table.Td data-label={texts.runs}>
        {task.last_run_id === '' ? (
          runs.notStarted
        ) : (
          <AnchorLink to="/tasks/$taskId" params={{ taskId: task.slug }} search={{ tab: 'runs' }}>
            {task.run_times}
          </AnchorLink>
        )}
      </Table.Td>
      <Table.Td>
        <TaskActions task={task} />
      </Table.Td>
    </Table.Tr>
  );
}

interface TaskTableProps {
  readonly tasks: readonly Task[];
  /** `-created_at` */
  readonly sort: string;
  readonly onSort: (sort: string) => void;
}

function TaskTable({ tasks, sort, onSort }: TaskTableProps): ReactNode {
  const { tasks: texts } = useTexts();
  const order = { sort, onSort };
  return (
    <Scroller label={texts.title} isFullHeight>
      <StackedTable minWidth={860}>
        <Table.Thead>
          <Table.Tr>
            <SortHeader name="title" label={texts.name} isText {...order} />
            <Table.Th>{texts.worker}</Table.Th>
            <Table.Th>{texts.schedule}</Table.Th>
            <SortHeader name="next_at" label={texts.next} isText {...order} />
            <SortHeader name="runs" label={texts.runs} {...order} />
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {tasks.map((task) => (
            <TaskLine key={task.slug} task={task} />
          ))}
        </Table.Tbody>
      </StackedTable>
    </Scroller>
  );
}

function TaskFilters({
  search,
  onChange,
}: {
  readonly search: TaskSearch;
  readonly onChange: (changes: TaskSearch) => void;
}): ReactNode {
  const { tasks: texts, lists } = useTexts();
  return (
    <div className={classes['filters']}>
      <div className={classes['search']}>
        <SearchField
          label={texts.search}
          value={search.keyword ?? ''}
          onSearch={(keyword) => onChange({ keyword: keyword || undefined })}
        />
      </div>
      <WorkerSelect value={search.worker} onChange={(worker) => onChange({ worker })} />
      <Select
        aria-label={texts.schedule}
        placeholder={lists.anySchedule}
        className={classes['filter']}
        data={[
          { value: 'on', label: lists.scheduled },
          { value: 'off', label: lists.byHand },
        ]}
        value={search.schedule ?? null}
        clearable
        onChange={(value) => onChange({ schedule: value === 'on' || value === 'off' ? value : undefined })}
      />
    </div>
  );
}

export function TasksPage(): ReactNode {
  const { tasks: texts, runs } = useTexts();
  const search = route.useSearch();
  const { keyword, worker, schedule, sort = '-created_at', page = 1, size = 20 } = search;
  const navigate = route.useNavigate();
  const scheduled = schedule === undefined ? undefined : schedule === 'on';
  const { data, error, refetch } = useQuery(tasksQuery({ keyword, worker, scheduled, sort, page, size }));
  const isFiltered = [keyword, worker, schedule].some((value) => value !== undefined);
  /** A new filter or order starts on page 1. */
  const change = (changes: TaskSearch): void =>
    void navigate({ search: (before) => ({ ...before, page: undefined, ...changes }), replace: true });
  return (
    <div>
      <PageHeader title={texts.title} description={texts.text} />
      <Stack>
        <TaskFilters search={search} onChange={change} />
        {error !== null && <ErrorNotice error={error} onRetry={() => void refetch()} />}
        <Paper withBorder p="md">
          {data === undefined && error === null && <Skeleton h={280} />}
          {data?.count === 0 &&
            (isFiltered ? (
              <EmptyState title={texts.noMatch} />
            ) : (
              <EmptyState
                title={texts.emptyTitle}
                action={<ButtonLink to="/store">{runs.toWorkers}</ButtonLink>}
              >
                {texts.emptyText}
              </EmptyState>
            ))}
          {data !== undefined && data.count > 0 && (
            <>
              <TaskTable tasks={data.list} sort={sort} onSort={(next) => change({ sort: next })} />
              <ListPager
                count={data.count}
                page={page}
                size={size}
                onPage={(next) => void navigate({ search: (before) => ({ ...before, page: next }) })}
                onSize={(next) => change({ size: next })}
              />
            </>
          )}
        </Paper>
      </Stack>
    </div>
  );
}
