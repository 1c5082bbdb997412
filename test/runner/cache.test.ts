import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { Events } from '../../src/events/events.ts';
import { CachePruner } from '../../src/runner/cache/cache-pruner.ts';
import { CacheUse } from '../../src/runner/cache/cache-use.ts';
import { temporaryFolder } from '../bundled-workers/support/temporary-folder.ts';

const hour = 3600 * 1000;
const day = 24 * hour;
const root = temporaryFolder();
const now = new Date();
let number = 0;
let cacheDir: string;
let use: CacheUse;

beforeEach(async () => {
  number += 1;
  cacheDir = path.join(root, String(number));
  use = new CacheUse();
  for (const parent of ['packages', 'node-dependencies', 'scratch'])
    await mkdir(path.join(cacheDir, parent), { recursive: true });
});

/** An entry of 64 KiB that was last used that long ago. */
async function entry(name: string, unusedMilliseconds: number): Promise<string> {
  const folder = path.join(cacheDir, name);
  await mkdir(path.join(folder, 'deep'), { recursive: true });
  await writeFile(path.join(folder, 'deep', 'file'), Buffer.alloc(64 * 1024, 1));
  const usedAt = new Date(now.getTime() - unusedMilliseconds);
  await utimes(folder, usedAt, usedAt);
  return folder;
}

function pruner(limitBytes = 1024 ** 3): CachePruner {
  return new CachePruner({
    cacheDir,
    retentionDays: 30,
    limitBytes,
    use,
    events: new Events(pino({ level: 'silent' })),
  });
}

async function names(parent: string): Promise<string[]> {
  return (await readdir(path.join(cacheDir, parent))).toSorted();
}

describe('the cache', () => {
  test('drops only what was unused for the retention days', async () => {
    await entry('packages/old', 31 * day);
    await entry('packages/young', 29 * day);
    await entry('node-dependencies/old', 400 * day);
    await entry('scratch/not-of-the-cache', 400 * day);
    await pruner().prune(now);
    expect(await names('packages')).toEqual(['young']);
    expect(await names('node-dependencies')).toEqual([]);
    expect(await names('scratch')).toEqual(['not-of-the-cache']);
  });

  test('drops the least recently used entries until it fits its size', async () => {
    await entry('packages/a', 3 * day);
    await entry('node-dependencies/b', 2 * day);
    await entry('packages/c', 1 * day);
    await pruner(150 * 1024).prune(now);
    expect(await names('packages')).toEqual(['c']);
    expect(await names('node-dependencies')).toEqual(['b']);
  });

  test('never drops what is in use by this process, or recently used by another', async () => {
    const held = await entry('packages/held', 0);
    const release = await use.hold([held]);
    // It is held here, whatever its time says.
    await utimes(held, new Date(0), new Date(0));
    await entry('packages/used-elsewhere', 5 * 60 * 1000);
    await entry('packages/unused', hour);
    await pruner(0).prune(now);
    expect(await names('packages')).toEqual(['held', 'used-elsewhere']);
    release();
    await pruner(0).prune(now);
    expect(await names('packages')).toEqual(['used-elsewhere']);
  });

  test('keeps what two subtasks use until both have ended', async () => {
    const folder = await entry('packages/shared', 0);
    const [first, second] = [await use.hold([folder]), await use.hold([folder])];
    await utimes(folder, new Date(0), new Date(0));
    first();
    await pruner(0).prune(now);
    expect(await names('packages')).toEqual(['shared']);
    second();
    await pruner(0).prune(now);
    expect(await names('packages')).toEqual([]);
  });

  test('removes what a process killed while dropping left behind, and leaves drafts alone', async () => {
    await entry('packages/.dropped-1', 0);
    await entry('packages/draft-2', 400 * day);
    await entry('node-dependencies/.draft-3', 400 * day);
    await pruner(0).prune(now);
    expect(await names('packages')).toEqual(['draft-2']);
    expect(await names('node-dependencies')).toEqual(['.draft-3']);
  });
});
