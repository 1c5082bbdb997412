/** Saves a worker's input as a task, with or without a schedule. */
import { Stack, TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState, type FormEvent, type ReactNode } from 'react';
import type { RunRequest } from '../../api/run-inputs.ts';
import { useCreateTask } from '../../api/tasks.ts';
import { Dialog } from '../../components/dialog.tsx';
import { DialogButtons } from '../../components/dialog-buttons.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { firstSchedule, scheduleRequest } from './edited-schedule.ts';
import { ScheduleFields } from './schedule-fields.tsx';

interface NewTaskDialogProps {
  readonly workerId: string;
  /** Suggested title. */
  readonly title: string;
  readonly request: RunRequest;
  readonly isScheduled: boolean;
  readonly onClose: () => void;
}

export function NewTaskDialog(props: NewTaskDialogProps): ReactNode {
  const { workerId, request, isScheduled, onClose } = props;
  const { tasks: texts } = useTexts();
  const navigate = useNavigate();
  const create = useCreateTask(workerId);
  const [title, setTitle] = useState(props.title);
  const [edited, setEdited] = useState(firstSchedule);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    // React bubbles the event to the worker's form, although the dialog is elsewhere in the DOM.
    event.stopPropagation();
    const schedule = isScheduled ? scheduleRequest(edited) : undefined;
    create.mutate(
      { title, request, schedule },
      { onSuccess: ({ slug: taskId }) => void navigate({ to: '/tasks/$taskId', params: { taskId } }) },
    );
  };
  return (
    <Dialog onClose={onClose} title={isScheduled ? texts.scheduleTitle : texts.saveTitle}>
      <form onSubmit={submit}>
        <Stack>
          {create.error !== null && <ErrorNotice error={create.error} />}
          <TextInput
            label={texts.name}
            description={texts.nameHint}
            required
            maxLength={200}
            data-autofocus
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
            onFocus={(event) => event.currentTarget.select()}
          />
          {isScheduled && <ScheduleFields edited={edited} isNew onChange={setEdited} />}
          <DialogButtons isPending={create.isPending} onCancel={onClose} />
        </Stack>
      </form>
    </Dialog>
  );
}
