/** One task: its input, its schedule and its runs. */
import { Button, Group, Skeleton, Stack, Tabs, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconPlayerPlay, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { taskQuery, useRunTask, type Task } from '../../api/tasks.ts';
import { PageError } from '../../components/page-error.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { WorkerName } from '../../components/worker-name.tsx';
import { taskTabs } from '../../search.ts';
import { useTexts } from '../../texts/texts.tsx';
import { DeleteTaskDialog } from './delete-task-dialog.tsx';
import { RenameButton } from './rename-button.tsx';
import { ScheduleForm } from './schedule-form.tsx';
import { TaskCallbacks } from './task-callbacks.tsx';
import { TaskInput } from './task-input.tsx';
import { TaskRuns } from './task-runs.tsx';
import { TaskSummary } from './task-summary.tsx';

const route = getRouteApi('/frame/signed-in/tasks/$taskId');
const formWidth = '52rem';

function TaskActions({ task }: { readonly task: Task }): ReactNode {
  const { tasks: texts } = useTexts();
  const navigate = useNavigate();
  const run = useRunTask(task.slug);
  const [isDeleting, setIsDeleting] = useState(false);
  return (
    <>
      <Button variant="default" leftSection={<IconTrash size={16} />} onClick={() => setIsDeleting(true)}>
        {texts.remove}
      </Button>
      <Button
        leftSection={<IconPlayerPlay size={16} />}
        loading={run.isPending}
        onClick={() =>
          run.mutate(undefined, {
            onSuccess: ({ run_slug: runId }) => void navigate({ to: '/runs/$runId', params: { runId } }),
            onError: ({ message }) => notifications.show({ color: 'red', message }),
          })
        }
      >
        {texts.run}
      </Button>
      {isDeleting && (
        <DeleteTaskDialog
          task={task}
          onClose={() => setIsDeleting(false)}
          onDeleted={() => void navigate({ to: '/tasks' })}
        />
      )}
    </>
  );
}

function Header({ task }: { readonly task: Task }): ReactNode {
  return (
    <PageHeader
      title={task.title}
      description={
        <Group gap="xs" mt={4}>
          <WorkerName path={task.worker_path} title={task.worker_title} />
          <Text size="xs" ff="monospace">
            {task.slug}
          </Text>
          <RenameButton task={task} />
        </Group>
      }
      actions={<TaskActions task={task} />}
    />
  );
}

function TaskContent({ task }: { readonly task: Task }): ReactNode {
  const { tasks: texts } = useTexts();
  const { tab = 'input', page = 1 } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <div>
      <Header task={task} />
      <Stack gap="sm">
        <TaskSummary task={task} />
        <Tabs
          value={tab}
          keepMounted={false}
          onChange={(value) =>
            void navigate({
              search: { tab: taskTabs.find((known) => known === value && value !== 'input') },
              replace: true,
            })
          }
        >
          <Tabs.List aria-label={texts.tabList}>
            {taskTabs.map((name) => (
              <Tabs.Tab key={name} value={name}>
                {texts.tabs[name]}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value="input" pt="sm" maw={formWidth}>
            <TaskInput task={task} />
          </Tabs.Panel>
          <Tabs.Panel value="schedule" pt="sm" maw="28rem">
            <ScheduleForm
              task={task}
              onDone={() => notifications.show({ color: 'teal', message: texts.scheduleSaved })}
            />
          </Tabs.Panel>
          <Tabs.Panel value="callbacks" pt="sm" maw="36rem">
            <TaskCallbacks task={task} />
          </Tabs.Panel>
          <Tabs.Panel value="runs" pt="sm">
            <TaskRuns
              slug={task.slug}
              page={page}
              onPage={(next) => void navigate({ search: { tab: 'runs', page: next } })}
            />
          </Tabs.Panel>
        </Tabs>
      </Stack>
    </div>
  );
}

export function TaskPage(): ReactNode {
  const { taskId } = route.useParams();
  const { data: task, error, refetch } = useQuery(taskQuery(taskId));
  if (task !== undefined) return <TaskContent key={task.slug} task={task} />;
  if (error !== null) return <PageError error={error} onRetry={() => void refetch()} list="tasks" />;
  return <Skeleton h="70vh" />;
}
