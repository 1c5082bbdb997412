/** The account's saved tasks of one worker. A task can be run, or fill the form. */
import { Button, Group, Paper, Skeleton, Stack, Table } from '@mantine/core';
import { IconPencil, IconPlayerPlay } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useRunTask, type Task } from '../../api/tasks.ts';
import { workerTasksQuery } from '../../api/workers.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { AnchorLink, ButtonLink } from '../../components/links.tsx';
import { ListPager } from '../../components/list-pager.tsx';
import { Moment } from '../../components/moment.tsx';
import { ScheduleText } from '../../components/schedule-text.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { useTexts } from '../../texts/texts.tsx';

interface TasksTabProps {
  readonly workerId: string;
  readonly page: number;
  readonly onPage: (page: number) => void;
}

function TaskLine({ task, workerId }: { readonly task: Task; readonly workerId: string }): ReactNode {
  const { tasks: texts, workers } = useTexts();
  const navigate = useNavigate();
  const run = useRunTask(task.slug);
  const start = (): void =>
    run.mutate(undefined, {
      onSuccess: ({ run_slug: runId }) => void navigate({ to: '/runs/$runId', params: { runId } }),
    });
  return (
    <Table.Tr>
      <Table.Td>
        <AnchorLink to="/tasks/$taskId" params={{ taskId: task.slug }} size="sm" fw={500}>
          {task.title}
        </AnchorLink>
        {run.error !== null && <ErrorNotice error={run.error} />}
      </Table.Td>
      <Table.Td>
        <ScheduleText task={task} />
      </Table.Td>
      <Table.Td>{task.schedule_next_at === 0 ? '–' : <Moment seconds={task.schedule_next_at} />}</Table.Td>
      <Table.Td>
        {task.last_run_id === '' ? (
          '–'
        ) : (
          <AnchorLink to="/runs/$runId" params={{ runId: task.last_run_id }}>
            {task.run_times}
          </AnchorLink>
        )}
      </Table.Td>
      <Table.Td>
        <Group gap={4} wrap="nowrap" justify="flex-end">
          <Button
            size="compact-sm"
            variant="light"
            leftSection={<IconPlayerPlay size={14} />}
            loading={run.isPending}
            onClick={start}
          >
            {texts.run}
          </Button>
          <ButtonLink
            to="/workers/$workerId"
            params={{ workerId }}
            search={{ task: task.slug }}
            size="compact-sm"
            variant="subtle"
            color="gray"
            leftSection={<IconPencil size={14} />}
          >
            {workers.editAndRun}
          </ButtonLink>
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

export function TasksTab({ workerId, page, onPage }: TasksTabProps): ReactNode {
  const { tasks: texts, workers } = useTexts();
  const { data, error, refetch } = useQuery(workerTasksQuery(workerId, page));
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h={240} />;
  if (data.count === 0) return <EmptyState title={workers.noTasks}>{workers.noTasksText}</EmptyState>;
  return (
    <Stack>
      <Paper withBorder>
        <Scroller label={texts.title}>
          <Table verticalSpacing="xs" miw={680}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{texts.name}</Table.Th>
                <Table.Th>{texts.schedule}</Table.Th>
                <Table.Th>{texts.next}</Table.Th>
                <Table.Th>{texts.runs}</Table.Th>
                <Table.Th aria-label={workers.actions} />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.list.map((task) => (
                <TaskLine key={task.slug} task={task} workerId={workerId} />
              ))}
            </Table.Tbody>
          </Table>
        </Scroller>
      </Paper>
      <ListPager count={data.count} page={page} size={data.page_size} onPage={onPage} />
    </Stack>
  );
}
