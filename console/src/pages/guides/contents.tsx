/** The contents of a guide: links to its headings. */
import { Anchor, Stack, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Heading } from '../../components/markdown-reader.ts';
import { useTexts } from '../../texts/texts.tsx';
import classes from './contents.module.css';

/** Longer guides list only their main headings. */
const mostEntries = 30;

/** The headings to list. */
function listed(headings: readonly Heading[]): readonly Heading[] {
  const below = headings.filter(({ depth }) => depth === 2 || depth === 3);
  return below.length <= mostEntries ? below : below.filter(({ depth }) => depth === 2);
}

export function Contents({ headings }: { readonly headings: readonly Heading[] }): ReactNode {
  const { guides: texts } = useTexts();
  const entries = listed(headings);
  if (entries.length < 2) return null;
  return (
    <nav aria-label={texts.contents} className={classes['contents']}>
      <Title order={2} size="h6" mb="xs">
        {texts.contents}
      </Title>
      <Stack gap={6}>
        {entries.map(({ anchor, text, depth }) => (
          <Anchor key={anchor} href={`#${anchor}`} size="sm" pl={depth === 3 ? 'md' : undefined}>
            {text}
          </Anchor>
        ))}
      </Stack>
    </nav>
  );
}
