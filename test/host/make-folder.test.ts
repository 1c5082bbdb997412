import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { DataFolderNotWritableError, makeDataFolder } from '../../src/host/data-folder.ts';
import { makeFolder } from '../../src/host/make-folder.ts';
import { FolderStorage } from '../../src/storage/open-storage.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-make-'));
  onTestFinished(async () => rm(folder, { recursive: true, force: true }));
});

test('a folder is created with its parents, by many at once, and may exist already', async () => {
  const place = path.join(folder, 'a/b/c');
  await Promise.all(Array.from({ length: 20 }, async () => makeFolder(place, 0o700)));
  for (const made of ['a', 'a/b', 'a/b/c'])
    expect((await stat(path.join(folder, made))).mode & 0o777).toBe(0o700);
  await makeFolder(`${place}/`);
  await makeFolder('.');
  await makeFolder('/');
});

test.each([
  ['file', 'EEXIST'],
  ['file/below', 'ENOTDIR'],
  ['dangling', 'EEXIST'],
  ['dangling/below/it', 'EEXIST'],
])('no folder is created at %s', async (place, code) => {
  await writeFile(path.join(folder, 'file'), '');
  await symlink(path.join(folder, 'missing'), path.join(folder, 'dangling'));
  await expect(makeFolder(path.join(folder, place))).rejects.toMatchObject({ code });
});

test.runIf(process.platform === 'linux')('a folder below /proc is refused at once', async () => {
  for (const place of ['/proc/chela', '/proc/chela/backups']) {
    await expect(makeFolder(place)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(makeDataFolder(place)).rejects.toThrow(DataFolderNotWritableError);
    await expect(new FolderStorage(place, 'the folder of the backups').check()).rejects.toThrow(
      /^the folder of the backups cannot be used: ENOENT/,
    );
  }
});
