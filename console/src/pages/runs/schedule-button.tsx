/** Saves the input of a run as a scheduled task. */
import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconCalendarTime } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { inputOfRunQuery, type RunRequest } from '../../api/run-inputs.ts';
import type { Run } from '../../api/runs.ts';
import { noteSessionRefusal } from '../../api/session.ts';
import { useTexts } from '../../texts/texts.tsx';

/** Loaded lazily, because its calendar is large. */
const NewTaskDialog = lazy(async () => ({
  default: (await import('../tasks/new-task-dialog.tsx')).NewTaskDialog,
}));

export function ScheduleButton({ run }: { readonly run: Run }): ReactNode {
  const { run: texts } = useTexts();
  const client = useQueryClient();
  const [request, setRequest] = useState<RunRequest>();
  const open = async (): Promise<void> => {
    try {
      const { input } = await client.ensureQueryData(inputOfRunQuery(run.slug));
      const { custom = {}, system = {} } = input?.parameters ?? {};
      setRequest({ input: { parameters: { custom, system } } });
    } catch (error) {
      if (noteSessionRefusal(client, error)) return;
      notifications.show({ color: 'red', message: (error as Error).message });
    }
  };
  return (
    <>
      <Button variant="default" leftSection={<IconCalendarTime size={16} />} onClick={() => void open()}>
        {texts.schedule}
      </Button>
      {request !== undefined && (
        <Suspense>
          <NewTaskDialog
            workerId={run.scraper_slug}
            title={run.task_title || run.scraper_title}
            request={request}
            isScheduled
            onClose={() => setRequest(undefined)}
          />
        </Suspense>
      )}
    </>
  );
}
