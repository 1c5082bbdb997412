/** Asks for confirmation before held runs are released, and for a reason. */
import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useRelease, type QueueOutcome } from '../../api/run-queue.ts';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { useTexts } from '../../texts/texts.tsx';

interface ReleaseDialogProps {
  readonly refs: readonly string[];
  readonly onClose: () => void;
  readonly onDone: (outcomes: readonly QueueOutcome[]) => void;
}

export function ReleaseDialog({ refs, onClose, onDone }: ReleaseDialogProps): ReactNode {
  const { queue: texts, common } = useTexts();
  const release = useRelease();
  const [reason, setReason] = useState('');
  return (
    <Dialog onClose={onClose} title={texts.releaseTitle(refs.length)}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          release.mutate(
            { refs, reason: reason.trim() },
            {
              onSuccess: (outcomes) => {
                onDone(outcomes);
                onClose();
              },
            },
          );
        }}
      >
        <Stack>
          <Text size="sm">{texts.releaseText}</Text>
          <TextInput
            label={texts.reason}
            description={texts.reasonHint}
            value={reason}
            maxLength={1000}
            onChange={({ currentTarget }) => setReason(currentTarget.value)}
            data-autofocus
          />
          {release.error !== null && <ErrorNotice error={release.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {common.cancel}
            </Button>
            <Button type="submit" color="red.9" loading={release.isPending}>
              {texts.release}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
