/** A worker's readme: Markdown of a stranger, of which only harmless markup stays. */
import { Typography } from '@mantine/core';
import DOMPurify from 'dompurify';
import { Marked } from 'marked';
import { useMemo, type ReactNode } from 'react';

/** No images, for they would ask other hosts; no forms, styles or frames. */
const allowed = {
  ALLOWED_TAGS: [
    [
      'h1',
      'h2',
      'h3',
      'h4',
      'h5',
      'h6',
      'p',
      'br',
      'hr',
      'blockquote',
      'a',
      'strong',
      'em',
      'del',
      'code',
      'pre',
    ],
    ['ul', 'ol', 'li', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
  ].flat(),
  ALLOWED_ATTR: ['href', 'title', 'align', 'start'],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#)/i,
};

/** HTML within the Markdown is shown as the text it is. */
const reader = new Marked({
  async: false,
  renderer: {
    html: ({ text }) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  },
});

const purifier = DOMPurify(window);
purifier.addHook('afterSanitizeAttributes', (element) => {
  if (element.tagName !== 'A') return;
  element.setAttribute('target', '_blank');
  element.setAttribute('rel', 'noopener noreferrer nofollow');
});

export function Readme({ markdown }: { readonly markdown: string }): ReactNode {
  const html = useMemo(
    () => purifier.sanitize(reader.parse(markdown, { async: false }), allowed),
    [markdown],
  );
  return (
    <Typography style={{ overflowWrap: 'anywhere' }}>
      {/* oxlint-disable-next-line react/no-danger -- sanitised above */}
      <div dangerouslySetInnerHTML={{ __html: html }} />
    </Typography>
  );
}
