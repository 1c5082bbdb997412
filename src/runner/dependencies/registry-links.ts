/**
 * Rewrites the links in registries' answers so that a sandbox without a network can follow them. Documents can be many
 * megabytes, and package authors control parts of them, so each character is read only once.
 */
import { endOfString } from '../../json/json-text.ts';

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

function decoded(text: string): string {
  return text.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity] ?? entity);
}

function encoded(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}

/** Returns the replacement of a URL; undefined keeps it. */
export type Replace = (url: URL) => string | undefined;

/** A range of text to replace. */
interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function replaced(text: string, replacements: readonly Replacement[]): string {
  const parts: string[] = [];
  let copied = 0;
  for (const { start, end, text: part } of replacements) {
    parts.push(text.slice(copied, start), part);
    copied = end;
  }
  parts.push(text.slice(copied));
  return parts.join('');
}

/** @returns index of the first character from `start` on that is not one of these */
function skip(text: string, characters: string, start: number): number {
  let index = start;
  while (index < text.length && characters.includes(text.charAt(index))) index += 1;
  return index;
}

const space = ' \t\r\n\f';
const tarballKey = '"tarball"';

/** @param quoted a JSON string, or something similar @returns null if it is not a URL */
function urlOf(quoted: string): URL | null {
  try {
    return URL.parse(JSON.parse(quoted) as string);
  } catch {
    return null;
  }
}

/**
 * Rewrites the links to files, `"dist": {"tarball": "..."}`.
 * @param text document of a package in an npm registry
 */
export function replaceTarballs(text: string, replace: Replace): string {
  const replacements: Replacement[] = [];
  for (let key = text.indexOf(tarballKey); key !== -1; key = text.indexOf(tarballKey, key + 1)) {
    const colon = skip(text, space, key + tarballKey.length);
    const start = skip(text, space, colon + 1);
    if (text.charAt(colon) !== ':' || text.charAt(start) !== '"') continue;
    const end = endOfString(text, start) + 1;
    if (end > text.length) break;
    const url = urlOf(text.slice(start, end));
    const local = url === null ? undefined : replace(url);
    if (local !== undefined) replacements.push({ start, end, text: JSON.stringify(local) });
    key = end - 1;
  }
  return replaced(text, replacements);
}

/** The value of an attribute; `start` and `end` include its quotes. */
interface Value {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

interface Link extends Value {
  readonly tag: 'a' | 'base';
}

/** @returns index of the first of these characters from `start` on, or the text's length */
function indexOfAny(text: string, characters: string, start: number): number {
  let index = start;
  while (index < text.length && !characters.includes(text.charAt(index))) index += 1;
  return index;
}

/** @returns the value that starts at `start`; without a closing quote it extends to the end of the text */
function readValue(html: string, start: number): Value {
  const quote = html.charAt(start);
  if (quote !== '"' && quote !== "'") {
    const end = indexOfAny(html, `${space}>`, start);
    return { text: html.slice(start, end), start, end };
  }
  const close = html.indexOf(quote, start + 1);
  const end = close === -1 ? html.length : close;
  return { text: html.slice(start + 1, end), start, end: Math.min(end + 1, html.length) };
}

/**
 * Reads the attributes of a tag.
 * @param start index after the tag's name
 * @returns its first `href`, and the index after the tag
 */
function readTag(html: string, start: number): { href: Value | undefined; end: number } {
  let href: Value | undefined;
  let index = skip(html, `${space}/`, start);
  while (index < html.length && html.charAt(index) !== '>') {
    const nameEnd = indexOfAny(html, `${space}/>=`, index + 1);
    const name = html.slice(index, nameEnd).toLowerCase();
    const equals = skip(html, space, nameEnd);
    if (html.charAt(equals) === '=') {
      const value = readValue(html, skip(html, space, equals + 1));
      if (name === 'href') href ??= value;
      index = skip(html, `${space}/`, value.end);
    } else index = skip(html, `${space}/`, equals);
  }
  return { href, end: index };
}

/** The links of `<a>` and `<base>`, in order. */
function linksOf(html: string): Link[] {
  const links: Link[] = [];
  const opening = /<(a|base)(?=[\s/>])/gi;
  for (let found = opening.exec(html); found !== null; found = opening.exec(html)) {
    const { href, end } = readTag(html, opening.lastIndex);
    if (href !== undefined) links.push({ ...href, tag: found[1]?.toLowerCase() === 'a' ? 'a' : 'base' });
    opening.lastIndex = end;
  }
  return links;
}

/**
 * @param html page of a project in a package index, or any page that links to files
 * @param pageUrl final URL of the page, after redirects
 */
export function replaceAnchors(html: string, pageUrl: URL, replace: Replace): string {
  const links = linksOf(html);
  const base = links.find(({ tag }) => tag === 'base')?.text ?? '';
  const from = URL.parse(decoded(base), pageUrl.href) ?? pageUrl;
  const replacements = links
    .filter(({ tag }) => tag === 'a')
    .flatMap(({ text, start, end }) => {
      const url = URL.parse(decoded(text), from.href);
      const local = url === null ? undefined : replace(url);
      return local === undefined ? [] : [{ start, end, text: `"${encoded(local)}"` }];
    });
  return replaced(html, replacements);
}
