/** Markdown to HTML. Any HTML within the Markdown is shown as the text it is. */
import { Marked, type Tokens } from 'marked';
import { headingAnchor } from '../../../src/documentation/heading-anchor.ts';

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

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

/** Markdown by a stranger: takes quadratic time for some texts, so it belongs into a thread with a time limit. */
export function readMarkdown(markdown: string): string {
  return reader.parse(markdown, { async: false });
}

/** Markdown of our own, whose headings can be linked to. */
export function readOwnMarkdown(markdown: string): string {
  return ownReader.parse(markdown, { async: false });
}
