/** Saves the entered values as a task. */
import { Button, Group, Stack, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconBookmark } from '@tabler/icons-react';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useCreateTask } from '../../../api/tasks.ts';
import type { RunRequest } from '../../../api/run-inputs.ts';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { Dialog } from '../../../components/dialog.tsx';
import { useTexts } from '../../../texts/texts.tsx';

interface SaveTaskButtonProps {
  readonly workerId: string;
  /** The entered values; undefined if they have problems, which the form then shows. */
  readonly read: () => RunRequest | undefined;
}

export function SaveTaskButton({ workerId, read }: SaveTaskButtonProps): ReactNode {
  const { tasks: texts, common } = useTexts();
  const create = useCreateTask(workerId);
  const [request, setRequest] = useState<RunRequest>();
  const [title, setTitle] = useState('');
  const close = (): void => setRequest(undefined);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    // React bubbles the event to the worker's form, although the dialog is elsewhere in the DOM.
    event.stopPropagation();
    if (request === undefined) return;
    create.mutate(
      { title, request },
      {
        onSuccess: () => {
          notifications.show({ color: 'teal', message: texts.saved(title) });
          close();
        },
      },
    );
  };
  return (
    <>
      <Button variant="default" leftSection={<IconBookmark size={16} />} onClick={() => setRequest(read())}>
        {texts.save}
      </Button>
      <Dialog opened={request !== undefined} onClose={close} title={texts.saveTitle}>
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
            />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                {common.cancel}
              </Button>
              <Button type="submit" loading={create.isPending}>
                {common.save}
              </Button>
            </Group>
          </Stack>
        </form>
      </Dialog>
    </>
  );
}
