/** Markdown as a page, of which only harmless markup stays. */
import { Skeleton, Text, Typography } from '@mantine/core';
import DOMPurify, { type Config } from 'dompurify';
import { useMemo, type MouseEvent, type ReactNode } from 'react';
import { useTexts } from '../texts/texts.tsx';
import { readOwnMarkdown } from './markdown-reader.ts';
import classes from './markdown.module.css';
import { useMarkdownHtml } from './use-markdown-html.ts';

/** No images, for they would ask other hosts; no forms, styles or frames. */
const allowed: Config = {
  ALLOWED_TAGS: [
    ['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'p', 'br', 'hr', 'blockquote', 'a', 'strong', 'em', 'del'],
    ['code', 'pre', 'ul', 'ol', 'li', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
  ].flat(),
  ALLOWED_ATTR: ['href', 'title', 'align', 'start'],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#)/i,
};

/** Pages of our own may also lead to one another, and to their headings. */
const allowedInOwn: Config = {
  ...allowed,
  ALLOWED_ATTR: [...(allowed.ALLOWED_ATTR as string[]), 'id'],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#|\/)/i,
};

const purifier = DOMPurify(window);
purifier.addHook('afterSanitizeAttributes', (element) => {
  // What is wider than its place is scrolled by keyboard too.
  if (element.tagName === 'PRE') element.setAttribute('tabindex', '0');
  const target = element.getAttribute('href') ?? '';
  if (element.tagName !== 'A' || /^[/#]/.test(target)) return;
  element.setAttribute('target', '_blank');
  element.setAttribute('rel', 'noopener noreferrer nofollow');
});

interface HarmlessHtmlProps {
  /** Purified. */
  readonly content: string;
  readonly onClick?: (event: MouseEvent) => void;
}

function HarmlessHtml({ content, onClick }: HarmlessHtmlProps): ReactNode {
  return (
    <Typography className={classes['markdown']}>
      {/* oxlint-disable-next-line react/no-danger, jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions -- purified by the caller; the links within take the keys */}
      <div dangerouslySetInnerHTML={{ __html: content }} onClick={onClick} />
    </Typography>
  );
}

interface OwnMarkdownProps {
  readonly markdown: string;
  /** Told of every link to an address of the console, which is not followed then. */
  readonly onNavigate: (address: string) => void;
}

/** Pages of our own. */
export function OwnMarkdown({ markdown, onNavigate }: OwnMarkdownProps): ReactNode {
  const content = useMemo(() => purifier.sanitize(readOwnMarkdown(markdown), allowedInOwn), [markdown]);
  const follow = (event: MouseEvent): void => {
    const address = (event.target as Element).closest('a')?.getAttribute('href') ?? '';
    const isPlain =
      event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!isPlain || !address.startsWith('/')) return;
    event.preventDefault();
    onNavigate(address);
  };
  return <HarmlessHtml content={content} onClick={follow} />;
}

/** A worker's readme, which is written by a stranger. What cannot be formatted in time is shown as it is. */
export function Readme({ markdown }: { readonly markdown: string }): ReactNode {
  const { workers: texts } = useTexts();
  const read = useMarkdownHtml(markdown);
  const content = useMemo(
    () => (typeof read === 'object' ? purifier.sanitize(read.html, allowed) : ''),
    [read],
  );
  if (read === 'reading') return <Skeleton height={120} />;
  if (typeof read === 'object') return <HarmlessHtml content={content} />;
  return (
    <>
      <Text c="dimmed" mb="sm">
        {texts.plainReadme}
      </Text>
      <Text className={classes['plain']}>{markdown}</Text>
    </>
  );
}
