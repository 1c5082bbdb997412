/** The saved tasks of the account: run them, schedule them, delete them. */
import { Button, Group, Pagination, Paper, Skeleton, Stack, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconCalendarTime, IconPlayerPlay, IconSearch, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { kindOf, tasksQuery, useDeleteTask, useRunTask, type Task } from '../../api/tasks.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { AnchorLink, ButtonLink } from '../../components/links.tsx';
import { Moment } from '../../components/moment.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { ScheduleEditor } from './schedule-editor.tsx';

const route = getRouteApi('/frame/signed-in/tasks');
const searchMilliseconds = 250;

function DeleteDialog({ task, onClose }: { readonly task: Task; readonly onClose: () => void }): ReactNode {
  const { tasks: texts, common } = useTexts();
  const remove = useDeleteTask(task.slug);
  return (
    <Dialog onClose={onClose} title={texts.removeTitle(task.title)}>
      <Stack>
        <Text size="sm">{texts.removeText}</Text>
        {remove.error !== null && <ErrorNotice error={remove.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {common.cancel}
          </Button>
          <Button
            color="red"
            loading={remove.isPending}
            onClick={() => remove.mutate(undefined, { onSuccess: onClose })}
          >
            {texts.remove}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

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
      {dialog === 'delete' && <DeleteDialog task={task} onClose={close} />}
    </>
  );
}

function TaskLine({ task }: { readonly task: Task }): ReactNode {
  const { tasks: texts, runs } = useTexts();
  const kind = task.schedule_enabled === 1 ? kindOf(task.schedule_type) : undefined;
  return (
    <Table.Tr>
      <Table.Td fw={500}>{task.title}</Table.Td>
      <Table.Td>
        <AnchorLink to="/workers/$workerId" params={{ workerId: task.worker_path }}>
          {task.worker_title}
        </AnchorLink>
      </Table.Td>
      <Table.Td>{kind === undefined ? texts.none : texts.at(texts.kinds[kind], task.schedule_time)}</Table.Td>
      <Table.Td>{task.schedule_next_at === 0 ? '–' : <Moment seconds={task.schedule_next_at} />}</Table.Td>
      <Table.Td>
        {task.last_run_id === '' ? (
          runs.notStarted
        ) : (
          <AnchorLink to="/runs/$runId" params={{ runId: task.last_run_id }}>
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

function TaskTable({ tasks }: { readonly tasks: readonly Task[] }): ReactNode {
  const { tasks: texts } = useTexts();
  return (
    <Scroller label={texts.title}>
      <Table verticalSpacing="xs" miw={860}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{texts.name}</Table.Th>
            <Table.Th>{texts.worker}</Table.Th>
            <Table.Th>{texts.schedule}</Table.Th>
            <Table.Th>{texts.next}</Table.Th>
            <Table.Th>{texts.runs}</Table.Th>
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {tasks.map((task) => (
            <TaskLine key={task.slug} task={task} />
          ))}
        </Table.Tbody>
      </Table>
    </Scroller>
  );
}

export function TasksPage(): ReactNode {
  const { tasks: texts, runs } = useTexts();
  const { keyword = '', page = 1 } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, refetch } = useQuery(tasksQuery(keyword, page));
  const [words, setWords] = useState(keyword);
  const searchLater = useDebouncedCallback(
    (next: string) => void navigate({ search: next === '' ? {} : { keyword: next }, replace: true }),
    searchMilliseconds,
  );
  const pages = Math.ceil((data?.count ?? 0) / (data?.page_size ?? 1));
  return (
    <div>
      <PageHeader title={texts.title} description={texts.text} />
      <Stack>
        <TextInput
          leftSection={<IconSearch size={16} />}
          placeholder={texts.search}
          aria-label={texts.search}
          value={words}
          onChange={(event) => {
            setWords(event.currentTarget.value);
            searchLater(event.currentTarget.value.trim());
          }}
        />
        {error !== null && <ErrorNotice error={error} onRetry={() => void refetch()} />}
        <Paper withBorder p="md">
          {data === undefined && error === null && <Skeleton h={280} />}
          {data?.count === 0 &&
            (keyword === '' ? (
              <EmptyState
                title={texts.emptyTitle}
                action={<ButtonLink to="/store">{runs.toWorkers}</ButtonLink>}
              >
                {texts.emptyText}
              </EmptyState>
            ) : (
              <EmptyState title={texts.noMatch} />
            ))}
          {data !== undefined && data.count > 0 && <TaskTable tasks={data.list} />}
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
      </Stack>
    </div>
  );
}
