/** Asks before a task is deleted. */
import type { ReactNode } from 'react';
import { useDeleteTask, type Task } from '../../api/tasks.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { useTexts } from '../../texts/texts.tsx';

interface DeleteTaskDialogProps {
  readonly task: Task;
  readonly onClose: () => void;
  readonly onDeleted: () => void;
}

export function DeleteTaskDialog({ task, onClose, onDeleted }: DeleteTaskDialogProps): ReactNode {
  const { tasks: texts } = useTexts();
  const remove = useDeleteTask(task.slug);
  return (
    <ConfirmDialog
      title={texts.removeTitle(task.title)}
      text={texts.removeText}
      action={texts.remove}
      change={remove}
      onConfirm={() => remove.mutate(undefined, { onSuccess: onDeleted })}
      onClose={onClose}
    />
  );
}
