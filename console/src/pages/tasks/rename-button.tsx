/** Changes the title of a task. */
import { ActionIcon, Stack, TextInput } from '@mantine/core';
import { IconPencil } from '@tabler/icons-react';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useRenameTask, type Task } from '../../api/tasks.ts';
import { Dialog } from '../../components/dialog.tsx';
import { DialogButtons } from '../../components/dialog-buttons.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { useTexts } from '../../texts/texts.tsx';

function RenameDialog({ task, onClose }: { readonly task: Task; readonly onClose: () => void }): ReactNode {
  const { tasks: texts } = useTexts();
  const rename = useRenameTask(task.slug);
  const [title, setTitle] = useState(task.title);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    rename.mutate(title, { onSuccess: onClose });
  };
  return (
    <Dialog onClose={onClose} title={texts.rename}>
      <form onSubmit={submit}>
        <Stack>
          {rename.error !== null && <ErrorNotice error={rename.error} />}
          <TextInput
            label={texts.name}
            required
            maxLength={200}
            data-autofocus
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
          />
          <DialogButtons isPending={rename.isPending} onCancel={onClose} />
        </Stack>
      </form>
    </Dialog>
  );
}

export function RenameButton({ task }: { readonly task: Task }): ReactNode {
  const { tasks: texts } = useTexts();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={texts.rename}
        onClick={() => setIsOpen(true)}
      >
        <IconPencil size={14} />
      </ActionIcon>
      {isOpen && <RenameDialog task={task} onClose={() => setIsOpen(false)} />}
    </>
  );
}
