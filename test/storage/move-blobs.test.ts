/** Moving blobs keeps every original until its copy is known to be good. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { moveBlobs } from '../../src/storage/move-blobs.ts';
import type { WriteOptions } from '../../src/storage/storage.ts';
import { FolderStorage } from '../../src/storage/storages/folder.ts';
import { LayeredStorage } from '../../src/storage/storages/layered.ts';

let folder: string;
let from: FolderStorage;
let to: FolderStorage;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-move-'));
  from = new FolderStorage(path.join(folder, 'from'));
  to = new FolderStorage(path.join(folder, 'to'));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

async function write(storage: FolderStorage, key: string, content: string): Promise<void> {
  await storage.write(key, Readable.from([Buffer.from(content)]));
}

/** A disk that stores other bytes than it was given. */
class DamagingStorage extends FolderStorage {
  override async write(key: string, content: Readable, options?: WriteOptions): Promise<number> {
    content.resume();
    return super.write(key, Readable.from([Buffer.from('damaged')]), options);
  }
}

test('moves all blobs, and leaves none behind', async () => {
  await write(from, 'a/one', 'first');
  await write(from, 'b/two', 'second');
  expect(await moveBlobs(from, to)).toEqual({ blobs: 2, bytes: 11 });
  expect(await Array.fromAsync(from.keys())).toEqual([]);
  expect(await text(await to.read('b/two'))).toBe('second');
});

test('a damaged copy costs no blob, however often the move is tried again', async () => {
  await write(from, 'a/one', 'first');
  const damaging = new DamagingStorage(path.join(folder, 'to'));
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await expect(moveBlobs(from, damaging)).rejects.toThrow('the copy of a/one differs from the original');
    expect(await text(await new LayeredStorage(to, from).read('a/one'))).toBe('first');
  }
  expect(await moveBlobs(from, to)).toEqual({ blobs: 1, bytes: 5 });
  expect(await text(await to.read('a/one'))).toBe('first');
});

test('an original whose place is taken by something else is kept', async () => {
  await write(from, 'a/one', 'first');
  await write(to, 'a/one', 'something else');
  await expect(moveBlobs(from, to)).rejects.toThrow('differs from the original');
  expect(await text(await from.read('a/one'))).toBe('first');
});

test('a move that was ended before it removed the original goes on', async () => {
  await write(from, 'a/one', 'first');
  await write(to, 'a/one', 'first');
  expect(await moveBlobs(from, to)).toEqual({ blobs: 0, bytes: 0 });
  expect(await from.size('a/one')).toBeUndefined();
  expect(await text(await to.read('a/one'))).toBe('first');
});

test('a blob that is removed while it is copied does not come back', async () => {
  await write(from, 'a/one', 'first');
  class RemovedMeanwhile extends FolderStorage {
    override async write(key: string, content: Readable, options?: WriteOptions): Promise<number> {
      const size = await super.write(key, content, options);
      await new LayeredStorage(to, from).remove(key);
      await write(to, key, 'first');
      return size;
    }
  }
  await moveBlobs(from, new RemovedMeanwhile(path.join(folder, 'to')));
  expect(await Array.fromAsync(to.keys())).toEqual([]);
});
