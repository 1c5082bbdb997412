/** Asks before a task is deleted. */
import { Button, Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useDeleteTask, type Task } from '../../api/tasks.ts';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { useTexts } from '../../texts/texts.tsx';

interface DeleteTaskDialogProps {
  readonly task: Task;
  readonly onClose: () => void;
  readonly onDeleted: () => void;
}

export function DeleteTaskDialog({ task, onClose, onDeleted }: DeleteTaskDialogProps): ReactNode {
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
            color="red.9"
            loading={remove.isPending}
            onClick={() => remove.mutate(undefined, { onSuccess: onDeleted })}
          >
            {texts.remove}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
