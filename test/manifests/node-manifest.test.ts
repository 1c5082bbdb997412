/** Problems with the dependencies of a Node package that its files reveal. */
import { expect, test } from 'vitest';
import { nodeManifestProblems, readNodeDeclaration } from '../../src/manifests/node-manifest.ts';
import { folderWith } from '../workers/folders.ts';

const rules = { isFenced: true, nodeVersion: '24.0.0', usesLockTools: false, runsScripts: false };

test.for(['file:../lib', 'workspace:*', 'link:../lib', 'git+https://example.com/a.git', 'owner/project'])(
  'a dependency from %s is refused, with its location',
  async (spec) => {
    const folder = await folderWith({
      'package.json': { dependencies: { a: spec, b: '^1.0.0', c: 'npm:d@2' } },
    });
    expect(await nodeManifestProblems(folder)).toEqual([
      {
        kind: 'refused',
        file: 'package.json',
        field: 'dependencies.a',
        text: spec,
        reason: expect.stringMatching(
          /only packages from the registry are supported; use a version from the registry/,
        ),
      },
    ]);
    await expect(readNodeDeclaration(folder, rules)).rejects.toThrow(/use a version from the registry/);
  },
);

test.for(['bun.lockb', 'pnpm-lock.yaml', 'bun.lock'])(
  '%s without a known format is not read, with a warning unless there is a package-lock.json',
  async (lock) => {
    const files = { 'package.json': { dependencies: { a: '^1.0.0' } }, [lock]: '' };
    expect(await nodeManifestProblems(await folderWith(files))).toEqual([
      {
        kind: 'ignored',
        file: lock,
        reason: expect.stringMatching(/^is not read, .* npm install --package-lock-only/),
      },
    ]);
    const locked = await folderWith({ ...files, 'package-lock.json': { lockfileVersion: 3 } });
    expect(await nodeManifestProblems(locked)).toEqual([]);
  },
);

test('an .npmrc in a package can set legacy-peer-deps; registries and credentials are ignored with a warning', async () => {
  const manifest = { dependencies: { a: '^1.0.0' } };
  const settings =
    '; peers\nlegacy-peer-deps = true\r\nregistry=https://example.com\n//example.com/:_authToken=secret\nfund=false';
  const folder = await folderWith({ 'package.json': manifest, '.npmrc': settings });
  const strict = await folderWith({ 'package.json': manifest, '.npmrc': 'legacy-peer-deps=false' });
  const [read, without] = await Promise.all([
    readNodeDeclaration(folder, rules),
    readNodeDeclaration(strict, rules),
  ]);
  expect(read?.legacyPeerDeps).toBe(true);
  expect(without?.legacyPeerDeps).toBe(false);
  expect(read?.key).not.toBe(without?.key);
  const problems = await nodeManifestProblems(folder);
  expect(problems).toMatchObject([
    { kind: 'ignored', file: '.npmrc', line: 3, text: 'registry' },
    { kind: 'ignored', file: '.npmrc', line: 4, text: '//example.com/:_authToken' },
  ]);
  expect(JSON.stringify(problems)).not.toContain('secret');
});
