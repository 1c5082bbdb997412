/** The callback URL of a task's runs. */
import { Paper, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { callbackSettingsQuery } from '../../api/callback-settings.ts';
import { useSetTaskCallback, type Task } from '../../api/tasks.ts';
import { CallbackUrlForm } from '../../components/callback-url-form.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { useTexts } from '../../texts/texts.tsx';

export function TaskCallbacks({ task }: { readonly task: Task }): ReactNode {
  const { callbacks: texts } = useTexts();
  const { data, error, refetch } = useQuery(callbackSettingsQuery);
  const change = useSetTaskCallback(task.slug);
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h={200} />;
  const empty =
    data.callback_url === '' ? texts.taskText : `${texts.taskText} ${texts.ofAccount(data.callback_url)}`;
  return (
    <Paper withBorder p="lg">
      <CallbackUrlForm saved={task.callback_url} emptyText={empty} change={change} />
    </Paper>
  );
}
