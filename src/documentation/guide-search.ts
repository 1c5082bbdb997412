/** Finds sections of guides by words. */
import { headingAnchor } from './heading-anchor.ts';

/** A guide, or one of its sections. */
export interface GuideSection {
  /** Heading of the section; '' for the part before the first one. */
  readonly heading: string;
  /** Anchor of the heading within the page; '' without a heading. */
  readonly anchor: string;
  readonly text: string;
}

/** A section in which all words were found. */
export interface GuideMatch {
  readonly guide: string;
  readonly title: string;
  readonly heading: string;
  readonly anchor: string;
  /** The text around the first match, in one line. */
  readonly excerpt: string;
}

export interface SearchedGuide {
  readonly name: string;
  readonly title: string;
  readonly sections: readonly GuideSection[];
}

const excerptCharacters = 160;

/** Plain words of Markdown, in one line. */
function plainOf(markdown: string): string {
  return markdown
    .replaceAll(/\]\([^()\s]*\)/g, ']')
    .replaceAll(/^\|[-: |]*\|$|^ {0,3}(?:[-*]|\d{1,3}\.) |^#+ /gm, '')
    .replaceAll(/[`*[\]|]/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** Splits a guide at its headings. Lines in code blocks are not headings. */
export function guideSections(markdown: string): GuideSection[] {
  const sections: { heading: string; anchor: string; lines: string[] }[] = [
    { heading: '', anchor: '', lines: [] },
  ];
  let isCode = false;
  for (const line of markdown.split('\n')) {
    if (line.trimStart().startsWith('```')) isCode = !isCode;
    const heading = isCode ? undefined : /^#{2,6} (.*)$/.exec(line)?.[1];
    if (heading === undefined) sections.at(-1)?.lines.push(line);
    else sections.push({ heading: plainOf(heading), anchor: headingAnchor(heading), lines: [] });
  }
  return sections.map(({ lines, ...section }) => ({ ...section, text: plainOf(lines.join('\n')) }));
}

function excerptOf(text: string, words: readonly string[]): string {
  const lower = text.toLowerCase();
  const places = words.map((word) => lower.indexOf(word)).filter((place) => place >= 0);
  const start = Math.max(0, Math.min(...places, text.length) - excerptCharacters / 4);
  const isCut = places.length > 0 && start > 0;
  // A little later, at the start of a word.
  const from = isCut ? text.indexOf(' ', start) + 1 : 0;
  const excerpt = text
    .slice(from, from + excerptCharacters)
    .toWellFormed()
    .trim();
  return `${isCut ? '…' : ''}${excerpt}${from + excerptCharacters < text.length ? '…' : ''}`;
}

/** How well a section matches: the fewer words only its text has, the better. Undefined if a word is missing. */
function missesOf(guide: SearchedGuide, section: GuideSection, words: readonly string[]): number | undefined {
  const heading = section.heading.toLowerCase();
  const title = guide.title.toLowerCase();
  const text = section.text.toLowerCase();
  if (!words.every((word) => `${title}\n${heading}\n${text}`.includes(word))) return undefined;
  // The words of the title alone find the guide, not each of its sections.
  if (section.heading !== '' && words.every((word) => title.includes(word))) return undefined;
  const named = section.heading === '' ? title : heading;
  return words.filter((word) => !named.includes(word)).length;
}

/**
 * The sections that contain all words, best first.
 * @param query words separated by spaces; none find nothing
 */
export function findInGuides(guides: readonly SearchedGuide[], query: string, limit: number): GuideMatch[] {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return [];
  const found = guides.flatMap((guide) =>
    guide.sections.flatMap((section) => {
      const misses = missesOf(guide, section, words);
      return misses === undefined ? [] : [{ guide, section, misses }];
    }),
  );
  return found
    .toSorted((one, other) => one.misses - other.misses)
    .slice(0, limit)
    .map(({ guide, section: { heading, anchor, text } }) => ({
      guide: guide.name,
      title: guide.title,
      heading,
      anchor,
      excerpt: excerptOf(text, words),
    }));
}
