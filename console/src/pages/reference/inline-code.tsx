/** A sentence with code in `backticks`. */
import { Code, Text } from '@mantine/core';
import type { ReactNode } from 'react';

export function InlineCode({
  text,
  size = 'sm',
}: {
  readonly text: string;
  readonly size?: string;
}): ReactNode {
  return (
    <Text size={size} component="span" inherit={size === 'inherit'}>
      {text.split('`').map((part, index) =>
        // oxlint-disable-next-line react/no-array-index-key -- the parts of a text have no other name, and never move
        index % 2 === 1 ? <Code key={index}>{part}</Code> : part,
      )}
    </Text>
  );
}
