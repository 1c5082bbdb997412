/** One value of a row. What a worker wrote is shown as text, whatever it looks like; an address becomes a link. */
import { Anchor, Code, Spoiler, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTexts } from '../../texts/texts.tsx';

/** Only these: a javascript: address must stay text. */
const linkPattern = /^https?:\/\/\S+$/i;
const longText = 160;

export function ResultCell({ value }: { readonly value: unknown }): ReactNode {
  const { common } = useTexts();
  if (value === null || value === undefined)
    return (
      <Text size="sm" c="dimmed">
        –
      </Text>
    );
  if (typeof value === 'object') {
    return (
      <Spoiler maxHeight={44} showLabel={common.more} hideLabel={common.less}>
        <Code block style={{ background: 'none', padding: 0, maxWidth: '28rem' }}>
          {JSON.stringify(value, undefined, 2)}
        </Code>
      </Spoiler>
    );
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (linkPattern.test(text)) {
    return (
      <Anchor
        href={text}
        target="_blank"
        rel="noopener noreferrer nofollow"
        size="sm"
        style={{ overflowWrap: 'anywhere' }}
      >
        {text}
      </Anchor>
    );
  }
  const shown = (
    <Text size="sm" maw="28rem" style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
      {text}
    </Text>
  );
  if (text.length <= longText) return shown;
  return (
    <Spoiler maxHeight={66} showLabel={common.more} hideLabel={common.less}>
      {shown}
    </Spoiler>
  );
}
