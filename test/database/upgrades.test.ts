/** The database of each release is migrated, and the platform works with it. Releases are in `test/fixtures/releases/`. */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BackupPlace, restoreBackup } from '../../src/backup/backup.ts';
import { migrate, migrationNames, readMigration, withholdMigrations } from '../../src/database/database.ts';
import { migrationRisks } from '../../src/database/migration-risks.ts';
import { Platform } from '../../src/platform/platform.ts';
import { FolderStorage } from '../../src/storage/storages/folder.ts';
import { runChela } from '../platform/support/chela-process.ts';
import { TestClient } from '../support/test-client.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { testConfig } from '../support/test-platform.ts';

const fixtures = path.join(import.meta.dirname, '..', 'fixtures', 'releases');
const releases = readdirSync(fixtures);
/** The last migration of the first release; the rules for large tables hold from then on. */
const firstRelease = '0076_runner_processes.sql';
/** Why some may lock, which cannot say so themselves because they had landed before the rules. */
const accepted: Readonly<Record<string, string>> = {
  '0080_run_traces.sql': 'the checked columns are null, so the table is read once and not written',
  '0088_run_lists.sql':
    'runs are counted and indexed once; docs/self-hosting.md tells to upgrade at a quiet time',
};

function indexed(kind: string): string {
  return `-- outside a transaction\nDROP INDEX CONCURRENTLY IF EXISTS t_x;\nCREATE ${kind} CONCURRENTLY t_x ON t (x);\n`;
}

describe.each(releases)('the database of Chela %s', (release) => {
  test('is migrated, and the platform reads and starts its runs', async () => {
    const place = new BackupPlace(new FolderStorage(path.join(fixtures, release)));
    const database = await createTestDatabase('template0');
    onTestFinished(() => database.drop());
    const dataDir = await mkdtemp(path.join(tmpdir(), 'chela-test-upgrade-'));
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
    await restoreBackup({
      place,
      summary: await place.find('latest'),
      secret: undefined,
      databaseUrl: database.url,
      storage: new FolderStorage(path.join(dataDir, 'storage')),
      replace: false,
    });
    const options = { config: testConfig(dataDir), logger: pino({ level: 'silent' }) };
    const platform = await Platform.open({ ...options, parts: { api: true, runner: true } }, database.url);
    onTestFinished(() => platform.stop(0));
    const client = new TestClient((await platform.start()) ?? '', 'key-of-the-release-fixture');
    const { data: run } = await client.call<{ run_slug: string }>('/workers/chela~hello/runs/last');
    const { data: runs } = await client.call<{ list: { slug: string }[] }>('/worker-runs');
    const [{ slug } = { slug: '' }] = runs.list;
    expect(run).toMatchObject({ slug });
    expect(await client.run(slug)).toMatchObject({ status: 'succeeded', results: 1 });
    expect((await client.results(slug)).list).toMatchObject([{ id: 'Ada' }]);
    expect((await client.log(slug)).length).toBeGreaterThan(0);
    const { data: rerun } = await client.call<{ run_slug: string }>(`/worker-runs/${slug}/rerun`, {
      body: {},
    });
    await expect
      .poll(async () => (await client.run(rerun.run_slug)).status, { timeout: 240_000 })
      .toBe('succeeded');
  });

  test('has migrations that nobody has changed since', async () => {
    const file = path.join(fixtures, release, 'migrations.json');
    const digests = JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
    const now = await Promise.all(
      Object.keys(digests).map(async (name) => [
        name,
        createHash('sha256')
          .update(await readMigration(name))
          .digest('hex'),
      ]),
    );
    expect(Object.fromEntries(now)).toEqual(digests);
  });
});

test('a migration outside a transaction is repeated after an interruption', async () => {
  const database = await createTestDatabase('template0');
  onTestFinished(() => database.drop());
  const folder = await mkdtemp(path.join(tmpdir(), 'chela-test-migrations-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(
    path.join(folder, '0001_table.sql'),
    'CREATE TABLE t (x int); INSERT INTO t VALUES (1), (1)',
  );
  await migrate(database.url, folder);
  const index = path.join(folder, '0002_index.sql');
  await writeFile(index, indexed('UNIQUE INDEX'));
  // It leaves an index that is not valid.
  await expect(migrate(database.url, folder)).rejects.toThrow('could not create unique index');
  await writeFile(index, indexed('INDEX'));
  expect(await migrate(database.url, folder)).toEqual(['0002_index.sql']);
  const client = new Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query<{ indisvalid: boolean }>(
    `SELECT indisvalid FROM pg_index WHERE indexrelid = 't_x'::regclass`,
  );
  await client.end();
  expect(rows).toEqual([{ indisvalid: true }]);
});

test('processes that start while an index is built concurrently wait, and none fails', async () => {
  const database = await createTestDatabase('template0');
  onTestFinished(() => database.drop());
  const folder = await mkdtemp(path.join(tmpdir(), 'chela-test-migrations-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(path.join(folder, '0001_table.sql'), 'CREATE TABLE t (x int)');
  await migrate(database.url, folder);
  await writeFile(path.join(folder, '0002_index.sql'), indexed('INDEX'));
  // A transaction sees the same activity until its end, so another connection looks.
  const writer = new Client({ connectionString: database.url });
  const observer = new Client({ connectionString: database.url });
  for (const client of [writer, observer]) {
    await client.connect();
    onTestFinished(() => client.end());
  }
  const others = async (statement: string): Promise<number> => {
    const { rows } = await observer.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'chela migrate' AND query LIKE $1`,
      [statement],
    );
    return rows[0]?.count ?? 0;
  };
  await writer.query('BEGIN');
  await writer.query('INSERT INTO t VALUES (1)');
  const first = migrate(database.url, folder);
  await expect.poll(() => others('CREATE INDEX%')).toBe(1);
  const second = migrate(database.url, folder);
  await expect.poll(() => others('%advisory_lock%')).toBe(1);
  await writer.query('COMMIT');
  expect(await Promise.all([first, second])).toEqual([['0002_index.sql'], []]);
});

test('a process that has nothing to migrate starts while a backup withholds migrations', async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const client = new Client({ connectionString: database.url });
  await client.connect();
  onTestFinished(() => client.end());
  await withholdMigrations(client);
  expect(await migrate(database.url)).toEqual([]);
});

test('an upgrade is checked before it: migrations, what they lock, and runners of other versions', async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query(`DELETE FROM migration WHERE name >= '0071'`);
  await client.query(
    `INSERT INTO runner (hostname, process_id, slots, version) VALUES ('elsewhere', 7, 1, '0.0.9')`,
  );
  const check = await runChela(['upgrade', '--check'], { DATABASE_URL: database.url });
  expect(check.output).toMatch(
    /^ {2}0071_labeled_runs\.sql\n {4}locks run \(about 0 rows, .*\), index: nothing can be stored/m,
  );
  expect(check.output).toContain('The runner elsewhere (process 7) has Chela 0.0.9: upgrade it too.');
  expect(check.exitCode).toBe(0);
  await client.query(`INSERT INTO migration (name) VALUES ('9999_later.sql')`);
  await client.end();
  for (const command of [['upgrade', '--check'], ['api']]) {
    const refused = await runChela(command, { DATABASE_URL: database.url });
    expect(refused.output).toMatch(
      /chela: the database has migration 9999_later\.sql of a newer Chela: install a newer version\n$/,
    );
    expect(refused.exitCode).toBe(1);
  }
});

test('migrations since the first release lock no large table, or say why they may', async () => {
  for (const name of (await migrationNames()).filter((each) => each > firstRelease)) {
    if (name in accepted) continue;
    const sql = await readMigration(name);
    const unexplained = migrationRisks(sql).filter(
      ({ rule, table }) => !sql.includes(`-- accepts ${rule} on ${table}: `),
    );
    expect({ name, unexplained }).toEqual({ name, unexplained: [] });
  }
});
