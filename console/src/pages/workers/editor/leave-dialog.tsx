/** Asks before a page with unsaved changes is left. */
import { Button, Group, Stack, Text } from '@mantine/core';
import { useBlocker } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Dialog } from '../../../components/dialog.tsx';
import { useTexts } from '../../../texts/texts.tsx';

interface LeaveDialogProps {
  /** Whether leaving would surprise; asked when the page is left. */
  readonly isUnsaved: () => boolean;
  readonly onDiscard: () => void;
}

export function LeaveDialog({ isUnsaved, onDiscard }: LeaveDialogProps): ReactNode {
  const { editor: texts } = useTexts();
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => current.pathname !== next.pathname && isUnsaved(),
    enableBeforeUnload: isUnsaved,
    withResolver: true,
  });
  if (blocker.status !== 'blocked') return null;
  return (
    <Dialog onClose={blocker.reset} title={texts.leaveTitle}>
      <Stack>
        <Text size="sm">{texts.leaveText}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={blocker.reset}>
            {texts.stay}
          </Button>
          <Button
            variant="default"
            onClick={() => {
              onDiscard();
              blocker.proceed();
            }}
          >
            {texts.discard}
          </Button>
          <Button onClick={blocker.proceed}>{texts.leave}</Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
