/** Buttons that save the entered values as a task, or as a scheduled one. */
import { Button } from '@mantine/core';
import { IconBookmark, IconCalendarTime } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import type { RunRequest } from '../../../api/run-inputs.ts';
import { descriptionQuery } from '../../../api/workers.ts';
import { useTexts } from '../../../texts/texts.tsx';

/** Loaded lazily, because its calendar is large. */
const NewTaskDialog = lazy(async () => ({
  default: (await import('../../tasks/new-task-dialog.tsx')).NewTaskDialog,
}));

interface SaveTaskButtonsProps {
  readonly workerId: string;
  /** The entered values; undefined if they have problems, which the form then shows. */
  readonly read: () => RunRequest | undefined;
}

export function SaveTaskButtons({ workerId, read }: SaveTaskButtonsProps): ReactNode {
  const { tasks: texts } = useTexts();
  const { data: about } = useQuery(descriptionQuery(workerId));
  const [dialog, setDialog] = useState<{ request: RunRequest; isScheduled: boolean }>();
  const open = (isScheduled: boolean): void => {
    const request = read();
    if (request !== undefined) setDialog({ request, isScheduled });
  };
  return (
    <>
      <Button variant="default" leftSection={<IconCalendarTime size={16} />} onClick={() => open(true)}>
        {texts.schedule}
      </Button>
      <Button variant="default" leftSection={<IconBookmark size={16} />} onClick={() => open(false)}>
        {texts.save}
      </Button>
      {dialog !== undefined && (
        <Suspense>
          <NewTaskDialog
            {...dialog}
            workerId={workerId}
            title={about?.title ?? ''}
            onClose={() => setDialog(undefined)}
          />
        </Suspense>
      )}
    </>
  );
}
