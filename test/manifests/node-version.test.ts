import { minVersion } from 'semver';
import { expect, test } from 'vitest';
import { problemMessage } from '../../src/manifests/manifest-problem.ts';
import { chooseNode, inspectNodeVersion, readNodeRequest } from '../../src/manifests/node-version.ts';
import { folderWith } from '../workers/folders.ts';

const running = '24.21.0';

/** What is chosen: `running`, a major, or the problem's text. */
async function chosenFor(files: Record<string, string>, entry = 'main.js'): Promise<number | string> {
  const { demands } = await readNodeRequest(await folderWith(files), entry);
  const choice = chooseNode(demands, running);
  if (choice.kind === 'none') return problemMessage(choice.problem);
  return choice.kind === 'running' ? 'running' : (minVersion(choice.ranges[0] ?? '')?.major ?? 0);
}

const engines = (node: unknown): Record<string, string> => ({
  'package.json': JSON.stringify({ engines: { node } }),
});

test.each<[asked: string, chosen: number | string]>([
  ['>=18', 'running'],
  ['*', 'running'],
  ['24', 'running'],
  ['^20.11 || ^22', 22],
  ['>=18 <21', 20],
  ['18.x', 18],
  ['>=24.1.0 <24.5.0', 24],
  ['20.1.0 - 22.4.0', 22],
])('engines.node "%s" chooses %s', async (asked, chosen) => {
  expect(await chosenFor(engines(asked))).toBe(chosen);
});

test.each<[text: string, chosen: number | string]>([
  ['v20.11.1\n', 20],
  ['\uFEFF# for nvm\n\n18 # old\n', 18],
  ['lts/*', 'running'],
  ['lts/Jod', 22],
  ['node', 'running'],
])('.nvmrc %j chooses %s', async (text, chosen) => {
  expect(await chosenFor({ '.nvmrc': text })).toBe(chosen);
});

test('.node-version takes precedence over .nvmrc, and both over engines.node', async () => {
  const files = { '.nvmrc': '20', ...engines('>=18') };
  expect(await chosenFor(files)).toBe(20);
  expect(await chosenFor({ ...files, '.node-version': '22.1.0' })).toBe(22);
});

test.each(['16', '>=26', 'lts/gallium', '>20 <19'])('"%s" is not available', async (asked) => {
  expect(await chosenFor({ '.nvmrc': asked })).toBe(
    `"${asked}" in .nvmrc: no available Node has this version: Node 18, 20, 22 and 24 are available`,
  );
});

test.each([undefined, '', '  ', 7, null, {}])('engines.node %j declares nothing', async (node) => {
  expect(await readNodeRequest(await folderWith(engines(node)), 'main.js')).toEqual({
    demands: [],
    problems: [],
  });
});

test.each(['newest', '__proto__', `>=18 ${'|| 20'.repeat(100)}`, '\uD800'])(
  'engines.node %j is ignored, with a warning',
  async (asked) => {
    const { problems, isOther } = await inspectNodeVersion(await folderWith(engines(asked)), 'main.js');
    expect(isOther).toBe(false);
    expect(problems).toMatchObject([{ kind: 'ignored', file: 'package.json', field: 'engines.node' }]);
  },
);

test('a TypeScript entry chooses a Node that strips types', async () => {
  expect(await chosenFor({}, 'main.ts')).toBe('running');
  expect(await chosenFor(engines('>=20 <24'), 'main.ts')).toBe(22);
  expect(await chosenFor(engines('^20'), 'main.ts')).toBe(
    '"^20" in engines.node of package.json: no available Node has this version: ' +
      'Node 18, 20, 22 and 24 are available; a TypeScript entry needs Node 22.18 or newer',
  );
});
