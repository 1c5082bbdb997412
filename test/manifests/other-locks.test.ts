import { expect, test } from 'vitest';
import { readNodeDeclaration } from '../../src/manifests/node-manifest.ts';
import { readOtherLock } from '../../src/manifests/other-locks.ts';
import { folderWith } from '../workers/folders.ts';

const berry = (version: number): string =>
  `# generated\n\n__metadata:\n  version: ${version}\n  cacheKey: 10c0\n`;

test.each<[file: string, text: string, manager: unknown, tool: string | undefined]>([
  ['pnpm-lock.yaml', `lockfileVersion: '9.0'\n`, undefined, 'pnpm@10.18.3'],
  ['pnpm-lock.yaml', `lockfileVersion: '6.0'\n`, undefined, 'pnpm@8.15.9'],
  ['pnpm-lock.yaml', 'lockfileVersion: 5.4\n', undefined, 'pnpm@7.33.7'],
  ['pnpm-lock.yaml', `lockfileVersion: '9.0'\n`, 'pnpm@9.15.0+sha512.abc', 'pnpm@9.15.0'],
  ['pnpm-lock.yaml', `lockfileVersion: '9.0'\n`, 'pnpm@../../x', 'pnpm@10.18.3'],
  ['pnpm-lock.yaml', `lockfileVersion: '9.0'\n`, 'yarn@4.9.0', 'pnpm@10.18.3'],
  ['pnpm-lock.yaml', 'something else', undefined, undefined],
  ['yarn.lock', '# yarn lockfile v1\n', undefined, 'yarn@1.22.22'],
  ['yarn.lock', '# yarn lockfile v1\n', 'yarn@1.22.19', 'yarn@1.22.19'],
  ['yarn.lock', '# yarn lockfile v1\n', 'yarn@4.1.0', 'yarn@1.22.22'],
  ['yarn.lock', berry(8), undefined, '@yarnpkg/cli-dist@4.9.2'],
  ['yarn.lock', berry(8), 'yarn@4.1.0', '@yarnpkg/cli-dist@4.1.0'],
  ['yarn.lock', berry(6), 'yarn@1.22.19', '@yarnpkg/cli-dist@3.8.7'],
  ['bun.lock', '{}', undefined, undefined],
])('%s %j with packageManager %j is read by %s', async (file, text, manager, tool) => {
  const found = await readOtherLock(await folderWith({ [file]: text }), manager);
  expect(found && `${found.carrier}@${found.version}`).toBe(tool);
});

test('settings of pnpm are passed on, without packages that it would load hooks from', async () => {
  const packageDir = await folderWith({
    'package.json': {
      dependencies: { a: '1.0.0' },
      pnpm: { overrides: { b: '2.0.0' }, configDependencies: { 'pnpm-plugin-x': '1.0.0+sha512-x' } },
    },
    'pnpm-lock.yaml': `lockfileVersion: '9.0'\n`,
  });
  const rules = { isFenced: true, runsScripts: false, usesLockTools: true, nodeVersion: '24.0.0' };
  const declaration = await readNodeDeclaration(packageDir, rules);
  expect(JSON.parse(declaration?.otherLock?.manifestText ?? '')).toEqual({
    private: true,
    dependencies: { a: '1.0.0' },
    pnpm: { overrides: { b: '2.0.0' } },
  });
});
