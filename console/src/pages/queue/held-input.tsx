/** A button that shows the input of a held run. */
import { Button, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { stringifyJson } from '../../api/lossless-json.ts';
import { inputOfQueueItemQuery } from '../../api/run-inputs.ts';
import type { QueueItem } from '../../api/run-queue.ts';
import { CodeBlock } from '../../components/code-block.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { useTexts } from '../../texts/texts.tsx';

function Input({ item }: { readonly item: QueueItem }): ReactNode {
  const { run: texts } = useTexts();
  const { data, error, refetch } = useQuery(inputOfQueueItemQuery(item.queue_ref));
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h={200} />;
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {texts.inputNote(data.version)}
      </Text>
      <CodeBlock code={stringifyJson(data.input, 2)} label={texts.inputTitle} copyLabel={texts.copyInput} />
    </Stack>
  );
}

export function HeldInput({ item }: { readonly item: QueueItem }): ReactNode {
  const { queue: texts } = useTexts();
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button
        variant="default"
        size="compact-sm"
        onClick={() => setOpen(true)}
        aria-label={texts.showInputOf(`${item.worker_title} ${item.queue_ref}`)}
      >
        {texts.showInput}
      </Button>
      {isOpen && (
        <Dialog title={texts.inputOf(item.worker_title || item.worker_slug)} onClose={() => setOpen(false)}>
          <Input item={item} />
        </Dialog>
      )}
    </>
  );
}
