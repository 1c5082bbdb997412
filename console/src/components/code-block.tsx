/** A block of code that can be copied, scrolled and selected. */
import { Box, Code } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './code-block.module.css';
import { CopyButton } from './copy-button.tsx';
import { Scroller } from './scroller.tsx';

interface CodeBlockProps {
  readonly code: string;
  /** Copied instead of the shown text, if that hides something. */
  readonly copied?: string;
  readonly copyLabel?: string;
  /** Names the region for screen readers. */
  readonly label: string;
}

export function CodeBlock({ code, copied = code, copyLabel, label }: CodeBlockProps): ReactNode {
  return (
    <Box className={classes['frame']}>
      <Box className={classes['text']}>
        <Scroller label={label}>
          <Code block className={classes['code']}>
            {code}
          </Code>
        </Scroller>
      </Box>
      <Box className={classes['copy']}>
        <CopyButton text={copied} label={copyLabel} />
      </Box>
    </Box>
  );
}
