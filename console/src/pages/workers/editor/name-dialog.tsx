/** Asks for the path of a file that is added or renamed. */
import { Stack, TextInput } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { Dialog } from '../../../components/dialog.tsx';
import { DialogButtons } from '../../../components/dialog-buttons.tsx';
import { useTexts } from '../../../texts/texts.tsx';
import { nameProblem, type NameProblem } from './file-names.ts';

interface NameDialogProps {
  readonly title: string;
  readonly action: string;
  /** The path before. */
  readonly name: string;
  /** Paths of the other files. */
  readonly others: readonly string[];
  readonly onName: (name: string) => void;
  readonly onClose: () => void;
}

export function NameDialog({ title, action, name, others, onName, onClose }: NameDialogProps): ReactNode {
  const { editor: texts } = useTexts();
  const [entered, setEntered] = useState(name);
  const [problem, setProblem] = useState<NameProblem>();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const path = entered.trim();
    const found = nameProblem(path, others);
    setProblem(found);
    if (found === undefined) onName(path);
  };
  return (
    <Dialog onClose={onClose} title={title}>
      <form onSubmit={submit} noValidate>
        <Stack>
          <TextInput
            label={texts.fileName}
            description={texts.fileNameHint}
            value={entered}
            data-autofocus
            maxLength={1024}
            error={problem !== undefined && texts.nameProblems[problem]}
            onChange={(event) => setEntered(event.currentTarget.value)}
          />
          <DialogButtons action={action} isPending={false} onCancel={onClose} />
        </Stack>
      </form>
    </Dialog>
  );
}
