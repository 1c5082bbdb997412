/** Shows Markdown as a page, with harmless markup only. */
import { Skeleton, Text, Typography } from '@mantine/core';
import DOMPurify, { type Config } from 'dompurify';
import { useMemo, useRef, type MouseEvent, type ReactNode } from 'react';
import { useTexts } from '../texts/texts.tsx';
import { CodeCopies } from './code-copies.tsx';
import { readOwnMarkdown } from './markdown-reader.ts';
import classes from './markdown.module.css';
import { useMarkdownHtml } from './use-markdown-html.ts';

/** Pictures only if the text contains them: others would send requests to other hosts. No forms, styles or frames. */
const allowed: Config = {
  ALLOWED_TAGS: [
    ['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'p', 'br', 'hr', 'blockquote', 'a', 'strong', 'em', 'del'],
    ['img', 'code', 'pre', 'ul', 'ol', 'li', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
  ].flat(),
  ALLOWED_ATTR: ['href', 'title', 'align', 'start', 'src', 'alt', 'data-picture'],
  ALLOW_DATA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#)/i,
};

/** Our own pages may also link to each other and to their headings. */
const allowedInOwn: Config = {
  ...allowed,
  ALLOWED_ATTR: [...(allowed.ALLOWED_ATTR as string[]), 'id'],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#|\/)/i,
};

const purifier = DOMPurify(window);
purifier.addHook('afterSanitizeAttributes', (element) => {
  // Wide code blocks must be scrollable by keyboard too.
  if (element.tagName === 'PRE') element.setAttribute('tabindex', '0');
  if (element.tagName === 'IMG' && !(element.getAttribute('src') ?? '').startsWith('data:image/'))
    element.remove();
  const target = element.getAttribute('href') ?? '';
  if (element.tagName !== 'A' || /^[/#]/.test(target)) return;
  element.setAttribute('target', '_blank');
  element.setAttribute('rel', 'noopener noreferrer nofollow');
});

interface HarmlessHtmlProps {
  /** Sanitized HTML. */
  readonly content: string;
  readonly onClick?: (event: MouseEvent) => void;
}

function HarmlessHtml({ content, onClick }: HarmlessHtmlProps): ReactNode {
  const { common } = useTexts();
  const part = useRef<HTMLDivElement>(null);
  // React writes the HTML again if the object changes, and would lose the copy buttons.
  const html = useMemo(() => ({ __html: content }), [content]);
  return (
    <Typography className={classes['markdown']} style={{ '--chela-picture': JSON.stringify(common.picture) }}>
      {/* oxlint-disable-next-line react/no-danger, jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions -- purified by the caller; the links within take the keys */}
      <div ref={part} dangerouslySetInnerHTML={html} onClick={onClick} />
      <CodeCopies key={content} within={part} />
    </Typography>
  );
}

interface OwnMarkdownProps {
  readonly markdown: string;
  /** Called for links within the console, instead of following them. */
  readonly onNavigate: (address: string) => void;
}

/** Shows our own pages. */
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

/** A worker's readme, which is untrusted. If converting it takes too long, the plain text is shown. */
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
