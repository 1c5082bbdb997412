/** Places of backups that are not fit for them, or fail. */
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { BackupError, BackupPlace } from '../../src/backup/backup.ts';
import { openPlace } from '../../src/backup/backup-place.ts';
import { listBackups } from '../../src/commands/make-backup.ts';
import { readConfig, type Config } from '../../src/configuration/configuration.ts';
import { FolderStorage } from '../../src/storage/storages/folder.ts';

const name = 'chela-20261128T030000Z-1a2b3c4d';
const description = { name, madeAt: '2026-11-28T03:00:00.000Z', version: '1.0.0', isEncrypted: false };

let folder: string;
let config: Config;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-place-'));
  config = readConfig({
    CHELA_DATA_DIR: path.join(folder, 'data'),
    CHELA_CACHE_DIR: path.join(folder, 'cache'),
  });
  await mkdir(path.join(folder, 'data/storage'), { recursive: true });
  await symlink(path.join(folder, 'data/storage'), path.join(folder, 'link'));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

async function* archive(): AsyncIterable<Uint8Array> {
  yield Buffer.from('content');
}

test.each([
  ['data/storage/backups', 'is among the stored blobs'],
  ['link/backups', 'is among the stored blobs'],
  ['data/postgres', 'is among the files of the database'],
  ['cache/backups', 'is among the files of the cache'],
  ['data', 'contains the data folder'],
  ['.', 'contains the data folder'],
])('backups are not kept in %s, which the platform uses itself', (place, message) => {
  expect(() => openPlace(path.join(folder, place), config)).toThrow(message);
});

test('backups may be in a folder of their own within the data folder, or beside it', () => {
  for (const place of ['data/backups', 'data/..backups', 'database', 'data-2'])
    expect(openPlace(path.join(folder, place), config)).toBeInstanceOf(FolderStorage);
});

test('an address without a bucket is refused', () => {
  expect(() => openPlace('s3://', config)).toThrow('s3:// names no bucket: write s3://BUCKET');
});

test('a place that cannot be written to is an error that says so, and nothing stays there', async () => {
  const root = path.join(folder, 'unwritable');
  await mkdir(root);
  await writeFile(path.join(root, '.drafts'), '');
  const writing = new BackupPlace(new FolderStorage(root)).write(archive(), description);
  await expect(writing).rejects.toThrow(/^the backup cannot be written to its place: /);
  await expect(writing).rejects.toBeInstanceOf(BackupError);
  expect(await readdir(root)).toEqual(['.drafts']);
});

test('an archive that fails is not taken for a failure of the place', async () => {
  const failure = new Error('the connection was lost');
  async function* failing(): AsyncIterable<Uint8Array> {
    yield Buffer.from('content');
    throw failure;
  }
  const root = path.join(folder, 'failing');
  await expect(new BackupPlace(new FolderStorage(root)).write(failing(), description)).rejects.toBe(failure);
});

test('files that cannot be read, and descriptions that are damaged, are errors that name the file', async () => {
  const root = path.join(folder, 'damaged');
  const place = new BackupPlace(new FolderStorage(root));
  const summary = await place.write(archive(), description);
  expect(await buffer(place.read(summary))).toEqual(Buffer.from('content'));
  await rm(path.join(root, `${name}.0001`));
  await mkdir(path.join(root, `${name}.0001`));
  const reading = buffer(place.read(summary));
  await expect(reading).rejects.toThrow(
    new RegExp(`^the file ${name}.0001 of the backup cannot be read: EISDIR`),
  );
  await expect(reading).rejects.toBeInstanceOf(BackupError);
  for (const damaged of ['null', '{}', JSON.stringify({ ...summary, parts: 'x' })]) {
    await writeFile(path.join(root, `${name}.json`), damaged);
    await expect(place.find('latest')).rejects.toThrow(
      `the file ${name}.json of the backup cannot be read: it does not describe a backup`,
    );
  }
});

test('a backup with a damaged description is listed as damaged, among the others', async () => {
  const root = path.join(folder, 'listed');
  const place = new BackupPlace(new FolderStorage(root));
  const names = ['20261126', '20261127', '20261128'].map((day) => `chela-${day}T030000Z-1a2b3c4d`);
  for (const made of names) await place.write(archive(), { ...description, name: made });
  const [oldest = '', damaged = '', newest = ''] = names;
  for (const content of ['{"name', '[]', JSON.stringify({ name: damaged, parts: 1, sizeBytes: 7 })]) {
    await writeFile(path.join(root, `${damaged}.json`), content);
    expect(await linesOf(async () => listBackups({ ...config, backupTo: root }))).toEqual([
      expect.stringMatching(new RegExp(`^${oldest}  2026-11-28T03:00:00.000Z  `)),
      expect.stringMatching(`^${damaged}  damaged: the file ${damaged}.json of the backup cannot be read: `),
      expect.stringMatching(new RegExp(`^${newest}  2026-11-28T03:00:00.000Z  `)),
    ]);
  }
});

/** What a command prints. */
async function linesOf(command: () => Promise<void>): Promise<string[]> {
  const printed: string[] = [];
  const writing = vi.spyOn(process.stdout, 'write').mockImplementation((text, ...[done]: unknown[]) => {
    printed.push(String(text));
    if (typeof done === 'function') done();
    return true;
  });
  try {
    await command();
  } finally {
    writing.mockRestore();
  }
  return printed.join('').trimEnd().split('\n');
}
