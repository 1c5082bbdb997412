/**
 * Copies a text and says so. If the browser allows neither the clipboard nor copying a selection, shows the text selected,
 * with the keys that copy it.
 */
import { ActionIcon, Button, Textarea, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useEffect, useState, type ReactNode } from 'react';
import { useTexts } from '../texts/texts.tsx';
import { copyText } from './copy-text.ts';
import { Dialog } from './dialog.tsx';

const shownMilliseconds = 1500;

interface CopyButtonProps {
  readonly text: string;
  /** Says what is copied, for screen readers. */
  readonly label?: string;
  /** Makes it a button with the label instead of an icon. */
  readonly icon?: ReactNode;
}

function SelectedText({ text, onClose }: { readonly text: string; readonly onClose: () => void }): ReactNode {
  const { common } = useTexts();
  return (
    <Dialog title={common.copyByHand} onClose={onClose}>
      <Textarea
        aria-label={common.copyByHand}
        readOnly
        autosize
        minRows={2}
        maxRows={12}
        data-autofocus
        value={text}
        onFocus={({ currentTarget }) => currentTarget.select()}
      />
    </Dialog>
  );
}

export function CopyButton({ text, label, icon }: CopyButtonProps): ReactNode {
  const { common } = useTexts();
  const [state, setState] = useState<'idle' | 'copied' | 'refused'>('idle');
  useEffect(() => {
    if (state !== 'copied') return undefined;
    const timer = setTimeout(() => setState('idle'), shownMilliseconds);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async (): Promise<void> => setState((await copyText(text)) ? 'copied' : 'refused');
  const isCopied = state === 'copied';
  const name = label ?? common.copy;
  return (
    <>
      {icon === undefined ? (
        <Tooltip label={isCopied ? common.copied : name}>
          <ActionIcon
            variant="subtle"
            color={isCopied ? 'teal' : 'gray'}
            onClick={() => void copy()}
            aria-label={name}
          >
            {isCopied ? <IconCheck size={16} /> : <IconCopy size={16} />}
          </ActionIcon>
        </Tooltip>
      ) : (
        <Button
          variant="default"
          size="xs"
          leftSection={isCopied ? <IconCheck size={16} /> : icon}
          onClick={() => void copy()}
        >
          {isCopied ? common.copied : name}
        </Button>
      )}
      {state === 'refused' && <SelectedText text={text} onClose={() => setState('idle')} />}
    </>
  );
}
