import { glob, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { lexer, walkTokens, type Token } from 'marked';
import { expect, test } from 'vitest';
import { readGuide } from '../../src/documentation/guides.ts';
import { headingAnchor } from '../../src/documentation/heading-anchor.ts';

const root = path.resolve(import.meta.dirname, '../..');
const pages = await Array.fromAsync(glob(['*.md', '{docs,.github,sdk,workers}/**/*.md'], { cwd: root }));

function tokensOf(markdown: string): Token[] {
  const tokens: Token[] = [];
  void walkTokens(lexer(markdown), (token) => {
    tokens.push(token);
  });
  return tokens;
}

function anchorsOf(markdown: string): string[] {
  return tokensOf(markdown).flatMap((token) =>
    token.type === 'heading' && 'text' in token ? [headingAnchor(token.text as string)] : [],
  );
}

/** Targets of links and images within the repository. */
function relativeTargets(markdown: string): string[] {
  return tokensOf(markdown)
    .flatMap((token) => ('href' in token ? [token.href as string] : []))
    .filter((target) => !/^(?:[a-z][\w+.-]*:|\/)/i.test(target));
}

/** What a link on a page leads to, if it exists: the path of a file, or `path#anchor` of a heading. */
async function destinationOf(page: string, target: string): Promise<string | undefined> {
  const [name = '', anchor] = decodeURI(target).split('#');
  const file = name === '' ? page : path.join(path.dirname(page), name);
  const found = await stat(path.join(root, file)).catch(() => undefined);
  if (found === undefined || anchor === undefined) return found && file;
  const anchors = anchorsOf(await readFile(path.join(root, file), 'utf8'));
  return anchors.includes(anchor) ? `${file}#${anchor}` : undefined;
}

test.each(pages)('every relative link of %s leads to an existing file and heading', async (page) => {
  const markdown = await readFile(path.join(root, page), 'utf8');
  for (const target of relativeTargets(markdown))
    expect(await destinationOf(page, target), `${page} links to ${target}`).toBeDefined();
});

test('a link to a missing file or heading is found', async () => {
  expect(await destinationOf('docs/errors.md', 'absent.md')).toBeUndefined();
  expect(await destinationOf('docs/errors.md', 'architecture.md#absent')).toBeUndefined();
  expect(await destinationOf('docs/errors.md', 'architecture.md#rooms')).toBe('docs/architecture.md#rooms');
});

test.each(pages.filter((name) => name.startsWith('docs/')))(
  'no two headings of %s are the same',
  async (page) => {
    const anchors = anchorsOf(await readFile(path.join(root, page), 'utf8'));
    expect(anchors).toEqual([...new Set(anchors)]);
  },
);

test('a translated guide links to other guides the way the English one does', async () => {
  const markdown = (await readGuide('quick-start', { language: 'zh' })) ?? '';
  expect(relativeTargets(markdown)).toContain('workers.md');
  expect(relativeTargets(markdown).filter((target) => target.startsWith('../'))).toEqual([]);
});

test.each([
  ['Input and output', 'input-and-output'],
  ['`err_msg`, and what it says', 'err_msg-and-what-it-says'],
  ['A – B', 'a--b'],
  ['回调', '回调'],
])('the anchor of "%s" is %s', (heading, anchor) => {
  expect(headingAnchor(heading)).toBe(anchor);
});
