/** Copies a text and says so. */
import { ActionIcon, CopyButton as Copy, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTexts } from '../texts/texts.tsx';

interface CopyButtonProps {
  readonly text: string;
  /** Says what is copied, for screen readers. */
  readonly label?: string;
}

export function CopyButton({ text, label }: CopyButtonProps): ReactNode {
  const { common } = useTexts();
  return (
    <Copy value={text}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? common.copied : (label ?? common.copy)}>
          <ActionIcon
            variant="subtle"
            color={copied ? 'teal' : 'gray'}
            onClick={copy}
            aria-label={label ?? common.copy}
          >
            {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
          </ActionIcon>
        </Tooltip>
      )}
    </Copy>
  );
}
