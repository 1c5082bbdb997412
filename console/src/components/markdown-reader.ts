/** Converts Markdown to HTML. HTML within the Markdown is escaped. */
import { Marked, type Tokens } from 'marked';
import { headingAnchor } from '../../../src/documentation/heading-anchor.ts';

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const html = ({ text }: Tokens.HTML | Tokens.Tag): string => escaped(text);

/**
 * A picture of another host as a link, because loading it would tell that host about the reader. Pictures within the text
 * are shown. Of others only the description is left.
 */
function image({ href, text }: Tokens.Image): string {
  const description = escaped(text === '' ? (href.split(/[?#]/, 1)[0]?.split('/').at(-1) ?? '') : text);
  const address = escaped(href).replaceAll('"', '&quot;');
  if (/^data:image\/(?:png|jpeg|gif|webp);/i.test(href))
    return `<img src="${address}" alt="${description.replaceAll('"', '&quot;')}">`;
  if (!/^https?:\/\//i.test(href)) return `<em>${description}</em>`;
  return `<a href="${address}" data-picture="">${description}</a>`;
}

const reader = new Marked({ async: false, renderer: { html, image } });

const ownReader = new Marked({
  async: false,
  renderer: {
    html,
    heading({ tokens, depth, text }) {
      return `<h${depth} id="${headingAnchor(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
    },
  },
});

export interface Heading {
  /** From 1. */
  readonly depth: number;
  readonly text: string;
  readonly anchor: string;
}

/** The headings of our own Markdown, without their markup. */
export function readHeadings(markdown: string): readonly Heading[] {
  return ownReader.lexer(markdown).flatMap((token) => {
    if (token.type !== 'heading') return [];
    const { depth, text } = token as Tokens.Heading;
    return [{ depth, text: text.replaceAll(/[`*]/g, ''), anchor: headingAnchor(text) }];
  });
}

/** For untrusted Markdown. Some texts take quadratic time, so call it in a thread with a time limit. */
export function readMarkdown(markdown: string): string {
  return reader.parse(markdown, { async: false });
}

/** For our own Markdown, whose headings get anchors. */
export function readOwnMarkdown(markdown: string): string {
  return ownReader.parse(markdown, { async: false });
}
