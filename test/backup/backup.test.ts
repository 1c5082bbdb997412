/** A platform is backed up while it works, and restored elsewhere. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  BackupPlace,
  makeBackup,
  pruneBackups,
  restoreBackup,
  ScheduledBackups,
  verifyBackup,
  type BackupSecret,
  type BackupSummary,
} from '../../src/backup/backup.ts';
import { backupName } from '../../src/backup/backup-place.ts';
import { lastDue } from '../../src/backup/scheduled-backups.ts';
import { Events, type EventName } from '../../src/events/events.ts';
import { createPartitions } from '../../src/database/partitions.ts';
import { Platform } from '../../src/platform/platform.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { FolderStorage } from '../../src/storage/storages/folder.ts';
import { eventually } from '../platform/support/eventually.ts';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { startTestPlatform, testConfig, type TestPlatform } from '../support/test-platform.ts';
import { TestClient } from '../support/test-client.ts';
import { databaseContent } from './support/database-content.ts';

const hostile = 'tab\t line\n back\\slash \\. \\N "quotes" \u{1f980} \u0001';
const script = `
  const put = (url, body) => fetch(url, { method: 'PUT', body });
  await put(process.env.CHELA_FILES_URL + '/kept.bin', Buffer.from([0, 1, 2, 255]));
  await put(process.env.CHELA_STORES_URL + '/seen/last', '7.000000000000000000001');
  await sdk.result.pushData({ text: ${JSON.stringify(hostile)}, escaped: '\\ud83d\\u0000', empty: '', none: null });
  await sdk.result.pushData({ text: 'x'.repeat(200000) });
  await sdk.log.info(${JSON.stringify(hostile)});`;
const password: BackupSecret = { kind: 'password', password: 'of the backups' };
const partBytes = 10_000;

let platform: TestPlatform;
let folder: string;
let slug: string;
let other: string;
let exported: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-backup-'));
  platform = await startTestPlatform();
  const worker = await publishScriptedWorker(platform, 'Scripted');
  slug = await platform.runAsync(worker, { script, items: ['one'] });
  other = await platform.runAsync(worker, { script, items: ['one', 'two'] });
  await platform.finished(slug);
  await platform.finished(other);
  const { data } = await platform.call<{ download_url: string }>(
    `/worker-runs/${slug}/result/export?format=csv`,
  );
  exported = await (await fetch(data.download_url)).text();
});
afterAll(async () => {
  await platform.close();
  await rm(folder, { recursive: true, force: true });
});

function blobs(): FolderStorage {
  return new FolderStorage(path.join(platform.platform.config.dataDir, 'storage'));
}

async function newFolder(): Promise<string> {
  return mkdtemp(path.join(folder, 'part-'));
}

/** SHA-256 by key. */
async function contentOf(storage: Storage): Promise<Record<string, string>> {
  const entries = await Promise.all(
    (await Array.fromAsync(storage.keys())).map(async (key) => {
      const content = await buffer(await storage.read(key));
      return [key, createHash('sha256').update(content).digest('hex')] as const;
    }),
  );
  return Object.fromEntries(entries.toSorted(([one], [two]) => (one < two ? -1 : 1)));
}

async function blobKeys(): Promise<string[]> {
  return Object.keys(await contentOf(blobs()));
}

async function backUp(
  place: BackupPlace,
  options: { storage?: Storage; secret?: BackupSecret; signal?: AbortSignal } = {},
): Promise<BackupSummary> {
  const { storage = blobs(), secret, signal } = options;
  const { databaseUrl } = platform;
  const { summary } = await makeBackup({
    databaseUrl,
    storage,
    place,
    secret,
    ...(signal !== undefined && { signal }),
  });
  return summary;
}

async function emptyDatabase(): Promise<string> {
  const database = await createTestDatabase('template0');
  onTestFinished(() => database.drop());
  return database.url;
}

/** Blobs whose list waits: what happens before it happens between the snapshot and the copy of the blobs. */
class LateBlobs extends FolderStorage {
  readonly #before: () => Promise<void>;

  constructor(before: () => Promise<void>) {
    super(path.join(platform.platform.config.dataDir, 'storage'));
    this.#before = before;
  }

  override async *keys(): AsyncIterable<string> {
    await this.#before();
    yield* super.keys();
  }
}

const collectGarbage = ((): (() => void) => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

/** Small blobs. Looks now and then how many of those that were read are still in memory. */
class ManyBlobs extends FolderStorage {
  mostAlive = 0;
  readonly #count: number;
  readonly #read: WeakRef<Readable>[] = [];

  constructor(count: number) {
    super('');
    this.#count = count;
  }

  override async *keys(): AsyncIterable<string> {
    for (let number = 1; number <= this.#count; number += 1) {
      if (number % 100 === 0) {
        // A WeakRef keeps its target until the current job of the event loop has ended.
        await setImmediate();
        collectGarbage();
        this.mostAlive = this.#read.filter((read) => read.deref() !== undefined).length;
      }
      yield `blob-${number}`;
    }
  }

  override async read(): Promise<Readable> {
    const content = Readable.from([Buffer.from('x')]);
    this.#read.push(new WeakRef(content));
    return content;
  }
}

/** A place in which nothing can be removed while it fails. */
class FailingPlace extends FolderStorage {
  failsToRemove = false;

  override async remove(key: string): Promise<void> {
    if (this.failsToRemove) throw new Error('nothing can be removed');
    await super.remove(key);
  }
}

/** Backups at 3:00 and 15:00, of which one is kept. */
function scheduledBackups(place: BackupPlace, events: Events): ScheduledBackups {
  return new ScheduledBackups({
    database: platform.platform.database,
    databaseUrl: platform.databaseUrl,
    storage: blobs(),
    place,
    secret: undefined,
    config: { backupAt: ['03:00', '15:00'], backupKeep: 1, backupKeepDays: 0 },
    events,
  });
}

function recordedEvents(): { events: Events; payloads: (name: EventName) => unknown[] } {
  const events = new Events(pino({ level: 'silent' }));
  const told: [EventName, unknown][] = [];
  events.subscribeAll((name, payload) => void told.push([name, payload]));
  return {
    events,
    payloads: (name) => told.filter(([each]) => each === name).map(([, payload]) => payload),
  };
}

describe('while the platform works', () => {
  test('a backup has what was there when it began: rows that are deleted meanwhile, and their blobs', async () => {
    const before = Object.keys(await contentOf(blobs())).filter((key) => key.startsWith('files/'));
    const place = new BackupPlace(new FolderStorage(await newFolder()));
    const { removal, database } = platform.platform;
    const summary = await backUp(place, {
      storage: new LateBlobs(async () => {
        await platform.call(`/worker-runs/${other}`, { method: 'DELETE' });
        await removal.clean();
        expect((await blobKeys()).filter((key) => key.startsWith('files/'))).toEqual(before);
        // Only the rows are read with partitions held; by now they can be created again.
        await createPartitions(database, new Date('2031-01-01'));
      }),
    });
    await removal.clean();
    expect((await blobKeys()).filter((key) => key.startsWith('files/'))).toHaveLength(before.length - 1);
    const url = await emptyDatabase();
    const storage = new FolderStorage(await newFolder());
    await restoreBackup({ place, summary, secret: undefined, databaseUrl: url, storage, replace: false });
    const restored = await databaseContent(url);
    expect(restored['public.run']?.filter((row) => row.includes(other))).toHaveLength(1);
    expect(Object.keys(await contentOf(storage)).filter((key) => key.startsWith('files/'))).toEqual(before);
  });

  test('of two backups at once, one is refused', async () => {
    const place = new BackupPlace(new FolderStorage(await newFolder()));
    const second = Promise.withResolvers<unknown>();
    await backUp(place, {
      storage: new LateBlobs(async () =>
        second.resolve(await backUp(place).catch((error: unknown) => error)),
      ),
    });
    expect(await second.promise).toMatchObject({
      message: 'another process makes a backup of this database',
    });
    expect(await place.list()).toHaveLength(1);
  });

  test('partitions are left alone while rows are read, and nobody waits', async () => {
    const { database } = platform.platform;
    const client = new Client({ connectionString: platform.databaseUrl });
    await client.connect();
    await client.query(`SELECT pg_advisory_lock(hashtext('chela hold partitions'))`);
    const partitions = `SELECT count(*) FROM pg_inherits WHERE inhparent = 'log_line'::regclass`;
    const before = (await client.query(partitions)).rows;
    await createPartitions(database, new Date('2032-01-01'));
    expect((await client.query(partitions)).rows).toEqual(before);
    await client.end();
  });

  test('memory does not keep the blobs that were copied', async () => {
    const storage = new ManyBlobs(300);
    await backUp(new BackupPlace(new FolderStorage(await newFolder())), { storage });
    expect(storage.mostAlive).toBeLessThan(100);
  });

  test('a backup that loses its connection fails and leaves nothing', async () => {
    const backups = await newFolder();
    const storage = new LateBlobs(async () => {
      await platform.platform.database.pool.query(
        `SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'chela backup'`,
      );
    });
    await expect(backUp(new BackupPlace(new FolderStorage(backups)), { storage })).rejects.toThrow(
      /terminat/,
    );
    expect((await readdir(backups)).filter((name) => !name.startsWith('.'))).toEqual([]);
  });

  test('a backup that is ended leaves nothing', async () => {
    const backups = await newFolder();
    const place = new BackupPlace(new FolderStorage(backups), { partBytes: 2000 });
    const ending = new AbortController();
    const storage = new LateBlobs(async () => ending.abort(new Error('it was ended')));
    await expect(backUp(place, { storage, signal: ending.signal })).rejects.toThrow('it was ended');
    expect((await readdir(backups)).filter((name) => !name.startsWith('.'))).toEqual([]);
  });

  test('scheduled backups are made once by several processes, and pruned', async () => {
    const backups = await newFolder();
    const place = new BackupPlace(new FolderStorage(backups));
    const { events } = platform.platform;
    const services = [1, 2].map(() => scheduledBackups(place, events));
    const now = new Date();
    await Promise.all(services.map((service) => service.look(now)));
    for (const service of services) await service.look(now);
    expect(await place.list()).toHaveLength(1);
    const [first] = await place.list();
    const tomorrow = new Date(now.getTime() + 86_400_000);
    // The next one is due, and its name is that of another second.
    await expect.poll(() => Math.floor(Date.now() / 1000)).toBeGreaterThan(Math.floor(now.getTime() / 1000));
    await services[0]?.look(tomorrow);
    const left = await place.list();
    expect(left).toHaveLength(1);
    expect(left[0]?.name).not.toBe(first?.name);
  });

  test('a scheduled backup counts as made although older ones cannot be removed', async () => {
    const storage = new FailingPlace(await newFolder());
    const place = new BackupPlace(storage);
    await place.write(Readable.from([Buffer.from('x')]), {
      name: backupName(new Date(0), await signingSecretOf(platform.databaseUrl)),
      madeAt: '',
      version: '',
      isEncrypted: false,
    });
    const { events, payloads } = recordedEvents();
    storage.failsToRemove = true;
    await scheduledBackups(place, events).look(new Date());
    expect(payloads('backup:made')).toMatchObject([{ removed: 0 }]);
    expect(payloads('internal:failed')).toMatchObject([{ work: 'prune-backups' }]);
    expect(await place.list()).toHaveLength(2);
  });
});

describe('a platform that is restored', () => {
  let place: BackupPlace;
  let backups: string;
  let summary: BackupSummary;
  beforeAll(async () => {
    // From here on nothing changes, so that everything can be compared.
    await platform.platform.stop(0);
    backups = await newFolder();
    place = new BackupPlace(new FolderStorage(backups), { partBytes });
    summary = await backUp(place, { secret: password });
  });

  test('has every row, sequence, partition and blob, and works', async () => {
    expect(summary.parts).toBeGreaterThan(1);
    expect(exported).toContain('slash');
    expect(await verifyBackup({ place, summary, secret: password })).toMatchObject({ blobs: 3 });
    const url = await emptyDatabase();
    const dataDir = await newFolder();
    const storage = new FolderStorage(path.join(dataDir, 'storage'));
    await restoreBackup({ place, summary, secret: password, databaseUrl: url, storage, replace: false });
    const [restored, original] = [await databaseContent(url), await databaseContent(platform.databaseUrl)];
    expect(Object.keys(restored)).toEqual(Object.keys(original));
    expect(restored).toEqual(original);
    expect(await contentOf(storage)).toEqual(await contentOf(blobs()));
    const config = testConfig(dataDir);
    const again = await Platform.open(
      { config, logger: pino({ level: 'silent' }), parts: { api: true, runner: true } },
      url,
    );
    try {
      const client = new TestClient((await again.start()) ?? '', platform.key);
      expect(await client.run(slug)).toMatchObject({ status: 'succeeded', results: 2 });
      expect((await client.results(slug)).list[0]).toMatchObject({ text: hostile });
      const { data } = await client.call<{ download_url: string }>(
        `/worker-runs/${slug}/result/export?format=csv`,
      );
      expect(await (await fetch(data.download_url)).text()).toBe(exported);
      const { data: rerun } = await client.call<{ run_slug: string }>(`/worker-runs/${slug}/rerun`, {
        body: {},
      });
      await expect
        .poll(async () => (await client.run(rerun.run_slug)).status, { timeout: 240_000 })
        .toBe('succeeded');
    } finally {
      await again.stop(0);
    }
  });

  test('is not restored over another one, unless told', async () => {
    const { url, drop } = await createTestDatabase();
    onTestFinished(drop);
    const storage = new FolderStorage(await newFolder());
    const restore = async (replace: boolean): Promise<unknown> =>
      restoreBackup({ place, summary, secret: password, databaseUrl: url, storage, replace });
    await expect(restore(false)).rejects.toThrow(
      'the database is not empty, it has 0 accounts, 0 workers and 0 runs: restore into an empty one, or add --replace to delete them',
    );
    const user = new Client({ connectionString: url, application_name: 'chela jobs' });
    await user.connect();
    await expect(restore(true)).rejects.toThrow('stop the platform before you restore');
    await user.end();
    const neighbor = new Client({ connectionString: url, application_name: 'another program' });
    await neighbor.connect();
    onTestFinished(() => neighbor.end());
    await neighbor.query(`CREATE SCHEMA others; CREATE TABLE others.t (x int);
      CREATE TRIGGER others BEFORE UPDATE ON others.t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
      ALTER TABLE others.t DISABLE TRIGGER USER`);
    // As one that was killed a moment ago.
    const interrupted = new Client({ connectionString: url, application_name: 'chela restore' });
    await interrupted.connect();
    const repeated = restore(true);
    await eventually(async () => {
      const { rowCount } = await interrupted.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'chela restore'`,
      );
      return rowCount === 2 ? true : undefined;
    });
    await interrupted.end();
    await repeated;
    const { rows } = await neighbor.query(
      `SELECT tgenabled AS enabled FROM pg_trigger WHERE tgname = 'others'`,
    );
    expect(rows).toEqual([{ enabled: 'D' }]);
    await neighbor.query('DROP SCHEMA others CASCADE');
    expect(await databaseContent(url)).toEqual(await databaseContent(platform.databaseUrl));
  });

  test('leaves the database as it was if the backup is damaged, incomplete or made by a newer Chela', async () => {
    const url = await emptyDatabase();
    const storage = new FolderStorage(await newFolder());
    const before = await databaseContent(url);
    const restore = async (): Promise<unknown> =>
      restoreBackup({ place, summary, secret: password, databaseUrl: url, storage, replace: false });
    const last = path.join(backups, `${summary.name}.${String(summary.parts).padStart(4, '0')}`);
    const content = await readFile(last);
    await writeFile(last, Buffer.concat([content.subarray(0, -1), Buffer.from([(content.at(-1) ?? 0) ^ 1])]));
    await expect(restore()).rejects.toThrow('altered');
    await writeFile(last, content.subarray(0, -1));
    await expect(restore()).rejects.toThrow('but should have');
    await rm(last);
    await expect(restore()).rejects.toThrow('cannot be read');
    await writeFile(last, content);
    expect(await databaseContent(url)).toEqual(before);
    await expect(
      restoreBackup({ place, summary, secret: undefined, databaseUrl: url, storage, replace: false }),
    ).rejects.toThrow('this backup is encrypted with a password: set CHELA_BACKUP_PASSWORD');
    await expect(
      verifyBackup({ place, summary, secret: { kind: 'password', password: 'wrong' } }),
    ).rejects.toThrow('the password or key file is not the right one');
  });

  test('a database that a newer Chela migrated is not backed up by this one', async () => {
    const client = new Client({ connectionString: platform.databaseUrl });
    await client.connect();
    await client.query(`INSERT INTO migration (name) VALUES ('9999_later.sql')`);
    await expect(backUp(new BackupPlace(new FolderStorage(await newFolder())))).rejects.toThrow(
      'migration 9999_later.sql of a newer Chela',
    );
    await client.query(`DELETE FROM migration WHERE name = '9999_later.sql'`);
    await client.end();
  });

  test('the newest backups and the young ones are kept; others, and interrupted ones, are removed', async () => {
    const storage = new FolderStorage(await newFolder());
    const kept = new BackupPlace(storage);
    const secret = await signingSecretOf(platform.databaseUrl);
    const day = 86_400_000;
    const now = new Date();
    const write = async (daysAgo: number, signing = secret): Promise<string> => {
      const name = backupName(new Date(now.getTime() - daysAgo * day), signing);
      await kept.write(Readable.from([Buffer.from('x')]), {
        name,
        madeAt: '',
        version: '',
        isEncrypted: false,
      });
      return name;
    };
    const [oldest, older, young, newest] = [await write(40), await write(30), await write(3), await write(1)];
    const foreign = await write(50, Buffer.from('another installation'));
    // What is left of processes that were killed: one is old enough, the other may still be at work.
    const [killed, working] = [1.5, 2.5]
      .map((days) => backupName(new Date(now.getTime() - days * day), secret))
      .toReversed();
    for (const name of [killed, working])
      await storage.write(`${name}.0001`, Readable.from([Buffer.from('x')]));
    await expect(kept.find(killed ?? '')).rejects.toThrow('is incomplete: it was interrupted');
    expect(await pruneBackups(kept, secret, { keep: 1, keepDays: 5 }, now)).toEqual([oldest, older]);
    expect((await Array.fromAsync(storage.keys())).filter((key) => key.startsWith(killed ?? ''))).toEqual([]);
    expect(await Array.fromAsync(storage.keys())).toContain(`${working}.0001`);
    expect((await kept.list()).map(({ name }) => name)).toEqual([foreign, young, newest]);
    expect(await pruneBackups(kept, secret, { keep: 1, keepDays: 0 }, now)).toEqual([young]);
  });
});

async function signingSecretOf(url: string): Promise<Buffer> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ signing_secret: Buffer }>('SELECT signing_secret FROM installation');
  await client.end();
  return rows[0]?.signing_secret ?? Buffer.alloc(0);
}

test.each([
  ['2026-11-28T03:00:00Z', '2026-11-28T03:00:00.000Z'],
  ['2026-11-28T02:59:59Z', '2026-11-27T15:00:00.000Z'],
  ['2026-01-01T00:00:00Z', '2025-12-31T15:00:00.000Z'],
])('at %s the last backup was due at %s', (now, due) => {
  expect(lastDue(['03:00', '15:00'], new Date(now)).toISOString()).toBe(due);
});
