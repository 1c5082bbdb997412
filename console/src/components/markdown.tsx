/** Markdown as a page, of which only harmless markup stays: a worker's readme is written by a stranger. */
import { Typography } from '@mantine/core';
import DOMPurify, { type Config } from 'dompurify';
import { Marked, type Tokens } from 'marked';
import { useMemo, type MouseEvent, type ReactNode } from 'react';
import { headingAnchor } from '../../../src/documentation/heading-anchor.ts';
import classes from './markdown.module.css';

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

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** HTML within the Markdown is shown as the text it is. */
const html = ({ text }: Tokens.HTML | Tokens.Tag): string => escaped(text);

const reader = new Marked({ async: false, renderer: { html } });

const ownReader = new Marked({
  async: false,
  renderer: {
    html,
    heading({ tokens, depth, text }) {
      return `<h${depth} id="${headingAnchor(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
    },
  },
});

const purifier = DOMPurify(window);
purifier.addHook('afterSanitizeAttributes', (element) => {
  // What is wider than its place is scrolled by keyboard too.
  if (element.tagName === 'PRE') element.setAttribute('tabindex', '0');
  const target = element.getAttribute('href') ?? '';
  if (element.tagName !== 'A' || /^[/#]/.test(target)) return;
  element.setAttribute('target', '_blank');
  element.setAttribute('rel', 'noopener noreferrer nofollow');
});

interface MarkdownProps {
  readonly markdown: string;
  /**
   * For pages of our own: told of every link to an address of the console, which is not followed then. Without it the text is
   * a stranger's.
   */
  readonly onNavigate?: (address: string) => void;
}

export function Markdown({ markdown, onNavigate }: MarkdownProps): ReactNode {
  const isOwn = onNavigate !== undefined;
  const content = useMemo(() => {
    const parsed = (isOwn ? ownReader : reader).parse(markdown, { async: false });
    return purifier.sanitize(parsed, isOwn ? allowedInOwn : allowed);
  }, [markdown, isOwn]);
  const follow = (event: MouseEvent): void => {
    const address = (event.target as Element).closest('a')?.getAttribute('href') ?? '';
    const isPlain =
      event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (onNavigate === undefined || !isPlain || !address.startsWith('/')) return;
    event.preventDefault();
    onNavigate(address);
  };
  return (
    <Typography className={classes['markdown']}>
      {/* oxlint-disable-next-line react/no-danger, jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions -- sanitised above; the links within take the keys */}
      <div dangerouslySetInnerHTML={{ __html: content }} onClick={follow} />
    </Typography>
  );
}
