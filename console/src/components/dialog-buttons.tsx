/** The buttons at the end of a form: cancel, and the one that submits. */
import { Button, Group } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTexts } from '../texts/texts.tsx';

interface DialogButtonsProps {
  /** Label of the button that submits the form; "Save" if omitted. */
  readonly action?: string;
  readonly isPending: boolean;
  readonly onCancel: () => void;
}

export function DialogButtons({ action, isPending, onCancel }: DialogButtonsProps): ReactNode {
  const { common } = useTexts();
  return (
    <Group justify="flex-end">
      <Button variant="default" onClick={onCancel}>
        {common.cancel}
      </Button>
      <Button type="submit" loading={isPending}>
        {action ?? common.save}
      </Button>
    </Group>
  );
}
