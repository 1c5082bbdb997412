import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStorage } from '../../src/storage/open-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { WorkerBlobs } from '../../src/workers/workers.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { ask } from './checked-answer.ts';
import { packageZip, publishWorker, startRuns, uploadForm } from './packages.ts';

let platform: TestPlatform;
let storage: Storage;
let blobs: WorkerBlobs;
beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
  storage = openStorage(platform.platform.config);
  blobs = new WorkerBlobs(platform.platform.database, storage);
});
afterAll(async () => platform.close());

const dayMilliseconds = 24 * 3600 * 1000;
const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABXvMqOgAAAABJRU5ErkJggg==';

function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * dayMilliseconds);
}

/** Files of a package with content of its own. */
function content(text: string): Record<string, string> {
  return { 'main.js': `console.log('${text}');\n` };
}

async function packageOf(slug: string): Promise<string> {
  const { rows } = await platform.platform.database.pool.query<{ hash: string }>(
    `SELECT package_hash AS hash FROM worker_version JOIN worker ON worker.id = worker_id WHERE slug = $1
     ORDER BY worker_version.id DESC LIMIT 1`,
    [slug],
  );
  const { hash = '' } = rows[0] ?? {};
  return `packages/${hash.slice(0, 2)}/${hash}.zip`;
}

async function isStored(key: string): Promise<boolean> {
  return (await storage.size(key)) !== undefined;
}

async function deleteWorker(slug: string): Promise<void> {
  expect((await ask(platform, `/workers/${slug}`, { method: 'DELETE' })).code).toBe(0);
}

describe('the package of a deleted worker', () => {
  test('is removed after a day, with its icon', async () => {
    const slug = await publishWorker(platform, 'Removed', { files: content('removed') });
    await ask(platform, `/workers/${slug}`, {
      method: 'PUT',
      body: { icon: `data:image/png;base64,${pixel}` },
    });
    const [key, icon] = [await packageOf(slug), 'icons'];
    const icons = async (): Promise<string[]> =>
      (await Array.fromAsync(storage.keys())).filter((name) => name.startsWith(icon));
    await blobs.removeUnused(daysFromNow(40));
    expect([await isStored(key), (await icons()).length]).toEqual([true, 1]);
    await deleteWorker(slug);
    await blobs.removeUnused(daysFromNow(0.9));
    expect([await isStored(key), (await icons()).length]).toEqual([true, 1]);
    await blobs.removeUnused(daysFromNow(1.1));
    expect([await isStored(key), await icons()]).toEqual([false, []]);
  });

  test('stays while another worker has the same content', async () => {
    const first = await publishWorker(platform, 'Shared one', { files: content('shared') });
    const second = await publishWorker(platform, 'Shared two', { files: content('shared') });
    const key = await packageOf(first);
    expect(await packageOf(second)).toBe(key);
    await deleteWorker(first);
    await blobs.removeUnused(daysFromNow(40));
    expect(await isStored(key)).toBe(true);
    await deleteWorker(second);
    await blobs.removeUnused(daysFromNow(40));
    expect(await isStored(key)).toBe(false);
  });

  test('stays until its runs have ended', async () => {
    const slug = await publishWorker(platform, 'Running', { files: content('running') });
    const key = await packageOf(slug);
    const [run = ''] = await startRuns(platform, slug, 1);
    await deleteWorker(slug);
    await blobs.removeUnused(daysFromNow(40));
    expect(await isStored(key)).toBe(true);
    await platform.call(`/worker-runs/${run}/abort`, { method: 'POST' });
    await blobs.removeUnused(daysFromNow(40));
    expect(await isStored(key)).toBe(false);
  });
});

test('a package that was replaced is removed', async () => {
  const slug = await publishWorker(platform, 'Replaced', { files: content('before') });
  const before = await packageOf(slug);
  const body = uploadForm(packageZip(content('after')));
  expect((await ask(platform, `/workers/${slug}/versions/v1.0.1`, { method: 'PUT', body })).code).toBe(0);
  await blobs.removeUnused(daysFromNow(40));
  expect([await isStored(before), await isStored(await packageOf(slug))]).toEqual([false, true]);
});

describe('the same content that is uploaded again', () => {
  test('while it is removed is stored again', async () => {
    const first = await publishWorker(platform, 'Again one', { files: content('again') });
    const key = await packageOf(first);
    await deleteWorker(first);
    const [isRemoving, mayRemove] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const held = new WorkerBlobs(platform.platform.database, {
      remove: async (name: string) => {
        isRemoving.resolve();
        await mayRemove.promise;
        await storage.remove(name);
      },
    });
    const removing = held.removeUnused(daysFromNow(40));
    await isRemoving.promise;
    const uploading = publishWorker(platform, 'Again two', { files: content('again') });
    await expect
      .poll(async () => {
        const { rows } = await platform.platform.database.pool.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return rows.length;
      })
      .toBe(1);
    mayRemove.resolve();
    await removing;
    await uploading;
    await blobs.removeUnused(daysFromNow(0));
    expect(await isStored(key)).toBe(true);
  });

  test('but not published yet stays', async () => {
    const slug = await publishWorker(platform, 'Unpublished', { files: content('unpublished') });
    const key = await packageOf(slug);
    await deleteWorker(slug);
    await platform.platform.database.pool.query(
      `UPDATE worker_blob SET claimed_at = now() - interval '2 days'`,
    );
    await blobs.claim(key);
    await blobs.removeUnused(new Date());
    expect(await isStored(key)).toBe(true);
  });
});

test('two processes that remove at once remove everything once', async () => {
  const names = ['a', 'b', 'c', 'd'];
  const slugs = await Promise.all(
    names.map(async (name) => publishWorker(platform, `Both ${name}`, { files: content(`both ${name}`) })),
  );
  const keys = await Promise.all(slugs.map(packageOf));
  await Promise.all(slugs.map(deleteWorker));
  await Promise.all([1, 2, 3].map(async () => blobs.removeUnused(daysFromNow(40))));
  expect(await Promise.all(keys.map(isStored))).toEqual(names.map(() => false));
});
