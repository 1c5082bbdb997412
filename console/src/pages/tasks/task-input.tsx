/** Edits the input of a task with its worker's form. */
import { Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useSession } from '../../api/session.ts';
import type { Task } from '../../api/tasks.ts';
import { newestVersionsQuery } from '../../api/worker-versions.ts';
import { workerQuery, type WorkerDetail } from '../../api/workers.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { RunForm } from '../workers/form/run-form.tsx';
import { useFilledForm } from '../workers/form/use-filled-form.ts';

function TaskForm({ task, worker }: { readonly task: Task; readonly worker: WorkerDetail }): ReactNode {
  const workerId = task.worker_path;
  const isOwn = useSession()?.account.name === worker.username;
  const { data: newest } = useQuery({ ...newestVersionsQuery(workerId), enabled: isOwn });
  const { isWaiting, error, filling, schema, isStored } = useFilledForm({
    workerId,
    worker,
    isOwn,
    task: task.slug,
  });
  if (isWaiting) return <Skeleton h={400} />;
  return (
    <Stack>
      {error !== null && <ErrorNotice error={error} />}
      {isStored && (
        <RunForm
          key={worker.version}
          workerId={workerId}
          worker={worker}
          schema={schema}
          filling={filling}
          versions={newest?.map(({ version }) => version) ?? [worker.version]}
          taskSlug={task.slug}
        />
      )}
    </Stack>
  );
}

function FoundWorker({ task }: { readonly task: Task }): ReactNode {
  const { data: worker, error, refetch } = useQuery(workerQuery(task.worker_path));
  if (worker !== undefined) return <TaskForm task={task} worker={worker} />;
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  return <Skeleton h={400} />;
}

export function TaskInput({ task }: { readonly task: Task }): ReactNode {
  const { tasks: texts } = useTexts();
  if (task.worker_path === '') return <Text c="dimmed">{texts.workerDeleted}</Text>;
  return <FoundWorker task={task} />;
}
