/** What every kind of storage promises. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BlobExistsError, BlobNotFoundError, type Storage } from '../../src/storage/storage.ts';
import { FolderStorage } from '../../src/storage/storages/folder.ts';
import { LayeredStorage } from '../../src/storage/storages/layered.ts';
import { S3Storage } from '../../src/storage/storages/s3.ts';
import { startS3Server, type S3Server } from './support/s3-server.ts';

const mebibyte = 1024 * 1024;
let server: S3Server;
let folder: string;
beforeAll(async () => {
  server = await startS3Server();
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-storage-'));
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const kinds: Readonly<Record<string, () => Promise<Storage>>> = {
  folder: async () => new FolderStorage(path.join(folder, 'folder')),
  s3: async () => new S3Storage(await server.bucket('conformance')),
  'two layers': async () =>
    new LayeredStorage(
      new S3Storage(await server.bucket('layers')),
      new FolderStorage(path.join(folder, 'layer')),
    ),
};

async function keysOf(storage: Storage, prefix: string): Promise<string[]> {
  const keys = await Array.fromAsync(storage.keys());
  return keys.filter((key) => key.startsWith(prefix)).toSorted();
}

describe.each(Object.entries(kinds))('%s', (_kind, open) => {
  let storage: Storage;
  beforeAll(async () => {
    storage = await open();
    await storage.check();
  });

  test.each([0, 1, 8 * mebibyte, 20 * mebibyte + 1])('stores and reads a blob of %i bytes', async (size) => {
    const content = randomBytes(size);
    expect(await storage.write('blobs/one', Readable.from([content]))).toBe(size);
    expect(await storage.size('blobs/one')).toBe(size);
    expect((await buffer(await storage.read('blobs/one'))).equals(content)).toBe(true);
  });

  test('reads a part of a blob', async () => {
    await storage.write('blobs/part', Readable.from([Buffer.from('0123456789')]));
    expect(await text(await storage.read('blobs/part', { start: 3, end: 5 }))).toBe('345');
    expect(await text(await storage.read('blobs/part', { start: 9, end: 9 }))).toBe('9');
  });

  test('a blob that is read to the middle can be left', async () => {
    await storage.write('blobs/left', Readable.from([randomBytes(3 * mebibyte)]));
    const content = await storage.read('blobs/left');
    for await (const piece of content) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    expect(content.destroyed).toBe(true);
  });

  test('a second write replaces the blob', async () => {
    await storage.write('blobs/twice', Readable.from([Buffer.from('first')]));
    await storage.write('blobs/twice', Readable.from([Buffer.from('second')]));
    expect(await text(await storage.read('blobs/twice'))).toBe('second');
  });

  test('a write of a missing blob only never replaces one', async () => {
    await storage.write('blobs/taken', Readable.from([Buffer.from('first')]), { ifMissing: true });
    await expect(
      storage.write('blobs/taken', Readable.from([Buffer.from('second')]), { ifMissing: true }),
    ).rejects.toThrow(BlobExistsError);
    expect(await text(await storage.read('blobs/taken'))).toBe('first');
  });

  test.each(['at once', 'after a byte', 'after two parts'])(
    'nothing is stored if the content fails %s',
    async (moment) => {
      const key = `failing/${moment.replaceAll(' ', '-')}`;
      const before = { 'at once': 0, 'after a byte': 1, 'after two parts': 17 * mebibyte }[moment] ?? 0;
      const content = Readable.from(
        (async function* fail() {
          if (before > 0) yield randomBytes(before);
          throw new Error('the content failed');
        })(),
        { objectMode: false },
      );
      await expect(storage.write(key, content)).rejects.toThrow('the content failed');
      expect(await storage.size(key)).toBeUndefined();
      expect(await keysOf(storage, 'failing/')).toEqual([]);
    },
  );

  test('a missing blob is told from an error', async () => {
    expect(await storage.size('missing/blob')).toBeUndefined();
    await expect(storage.read('missing/blob')).rejects.toThrow(BlobNotFoundError);
    await storage.remove('missing/blob');
  });

  test('lists the keys of all blobs, until they are removed', async () => {
    const keys = ['listed/a.zip', 'listed/b/c', 'listed/b/d_1-2'];
    for (const key of keys) await storage.write(key, Readable.from([Buffer.from(key)]));
    expect(await keysOf(storage, 'listed/')).toEqual(keys);
    await storage.remove('listed/b/c');
    expect(await keysOf(storage, 'listed/')).toEqual(['listed/a.zip', 'listed/b/d_1-2']);
  });

  test.each(['../out', '/root', 'a/../b', '', '.hidden', 'a//b', 'ü', 'a b'])(
    'refuses %j as a key',
    async (key) => {
      await expect(storage.size(key)).rejects.toThrow('not a storage key');
    },
  );

  test('keeps what is being written when it removes what was left behind', async () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const content = Readable.from(
      (async function* slow() {
        // More than a store is sent at a time, so that it has some of it.
        for (let piece = 0; piece < 5; piece += 1) yield randomBytes(8 * mebibyte);
        begun.resolve();
        await gate.promise;
        yield randomBytes(mebibyte);
      })(),
      { objectMode: false },
    );
    const writing = storage.write('blobs/slow', content);
    await begun.promise;
    await storage.removeUnfinished(new Date(Date.now() - 3_600_000));
    gate.resolve();
    expect(await writing).toBe(41 * mebibyte);
  });
});
