/** The check of `npm run lint:expressions`. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkExpressions } from '../../scripts/expressions/check-expressions.ts';

/** Checks a tree of one file, and returns its problems as `line: message`. */
async function problemsOf(...lines: string[]): Promise<string[]> {
  const root = await mkdtemp(path.join(tmpdir(), 'chela-expressions-'));
  onTestFinished(async () => rm(root, { recursive: true, force: true }));
  await mkdir(path.join(root, 'src/inner'), { recursive: true });
  await writeFile(path.join(root, 'src/inner/planted.ts'), lines.join('\n'));
  const { problems } = await checkExpressions(root);
  expect(new Set(problems.map(({ file }) => file))).toEqual(
    new Set(problems.length === 0 ? [] : ['src/inner/planted.ts']),
  );
  return problems.map(({ line, message }) => `${line}: ${message}`);
}

const exponential = String.raw`/^(a+)+$/ takes exponential time`;
const polynomial = String.raw`/a+$/ takes 2nd degree polynomial time`;
const dynamic = 'an expression is made of text that is not constant';

test(
  'no regular expression of the repository can take more than linear time',
  { timeout: 600_000 },
  async () => {
    const { checked, problems } = await checkExpressions(path.resolve(import.meta.dirname, '../..'));
    expect(problems).toEqual([]);
    expect(checked).toBeGreaterThan(100);
  },
);

test.for([
  ['a literal', '', 'export const found = /^(a+)+$/.test(text);', exponential],
  ['a polynomial expression', '', 'export const found = text.replace(/a+$/, "");', polynomial],
  ['new RegExp', '', 'export const found = new RegExp("^(a+)+$");', exponential],
  ['RegExp', '', 'export const found = RegExp(`^(a+)+$`);', exponential],
  ['String.raw', '', 'export const found = new RegExp(String.raw`^(a+)+$`);', exponential],
  ['a constant', 'const made = "^(a+)+$";', 'export const found = new RegExp(made);', exponential],
  ['match', '', 'export const found = text.match("^(a+)+$");', exponential],
  [
    'the pattern of a schema',
    'const made = "^(a+)+$";',
    'export const schema = { pattern: made };',
    '/^(a+)+$/u',
  ],
  ['text', 'let made = "a";', 'export const found = new RegExp(`^${made}$`);', dynamic],
  ['flags', 'let made = "g";', 'export const found = new RegExp("a", made);', dynamic],
  ['text in search', 'let made = "a";', 'export const found = text.search(`${made}`);', dynamic],
])('a vulnerable or unknown expression is reported with its line: %s', async ([, before, line, message]) => {
  const problems = await problemsOf('declare const text: string;', before ?? '', line ?? '');
  expect(problems).toEqual([expect.stringMatching(`^3: ${RegExp.escape(message ?? '')}`)]);
});

test('safe expressions, and other uses of the same names, are accepted', async () => {
  const problems = await problemsOf(
    'const made = "^a+$";',
    'export const all = [/^a+$/, new RegExp(made), new RegExp(/a/), RegExp.escape(text), url.search, runs.search(text)];',
    'export const schemas = [{ pattern: made }, { pattern: /a/ }, { pattern: text }];',
  );
  expect(problems).toEqual([]);
});

test('an exemption with a reason is accepted above the expression', async () => {
  const reason = '// expression-exempt: tests what the check finds';
  expect(
    await problemsOf(
      reason,
      'a = /^(a+)+$/;',
      `/* expression-exempt: as above, in a block */`,
      'b = RegExp(a);',
    ),
  ).toEqual([]);
  expect(await problemsOf(reason, '', 'a = /^(a+)+$/;')).toEqual([
    '1: the exemption stands above no expression',
    expect.stringMatching(`^3: ${RegExp.escape(exponential)}`),
  ]);
  expect(await problemsOf('// expression-exempt:', 'a = /^(a+)+$/;')).toEqual([
    '1: the exemption has no reason beside it',
  ]);
  expect(await problemsOf(reason, 'a = /^a+$/;')).toEqual(['2: /^a+$/ needs no exemption: it is safe']);
});

test('an unreadable file is reported', async () => {
  expect(await problemsOf('const = ;')).toEqual([expect.stringMatching(/^1: cannot be read: /)]);
});
