/**
 * Writes what tests need to know of a release: a backup of a small installation, and the digests of its migrations, which
 * never change again. Run it at a release: `npm run fixture:release`.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { BackupPlace, makeBackup } from '../src/backup/backup.ts';
import { readConfig } from '../src/configuration/configuration.ts';
import { migrate, migrationNames, readMigration } from '../src/database/database.ts';
import { EmbeddedPostgres } from '../src/database/embedded-postgres.ts';
import { Platform } from '../src/platform/platform.ts';
import { FolderStorage } from '../src/storage/open-storage.ts';
import { version } from '../src/version.ts';
import { publishBundledWorkers } from '../src/workers/bundled-workers.ts';

const logger = pino({ level: 'error' });
const fixtures = path.join(import.meta.dirname, '..', 'test', 'fixtures', 'releases');
const finishMilliseconds = 120_000;
const worker = 'chela~hello';

async function ask(
  url: string,
  key: string,
  method: string,
  apiPath: string,
  body?: object,
): Promise<unknown> {
  const answer = await fetch(`${url}/api/v2${apiPath}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${apiPath}: ${text}`);
  return (JSON.parse(text) as { data: unknown }).data;
}

/** Uses what an account can use, so that the tables have rows. */
async function use(platform: Platform, url: string): Promise<void> {
  const account = await platform.accounts.ensure('ada');
  const key = await platform.accounts.createKey(account.id, 'fixture', { key: 'key-of-the-release-fixture' });
  const input = { parameters: { custom: { names: ['Ada'] } } };
  const { run_slug: slug } = (await ask(url, key, 'POST', `/workers/${worker}/runs`, {
    input,
    callback_url: 'https://callbacks.invalid/chela',
    is_async: true,
  })) as { run_slug: string };
  const { rows } = await platform.database.pool.query<{ id: number }>('SELECT id FROM run WHERE slug = $1', [
    slug,
  ]);
  if (!(await platform.runs.wait.untilFinished(rows[0]?.id ?? 0, finishMilliseconds)))
    throw new Error('the run did not end');
  const ended = (await ask(url, key, 'GET', `/worker-runs/${slug}`)) as { status: string; err_msg: string };
  if (ended.status !== 'succeeded') throw new Error(`the run failed: ${ended.err_msg}`);
  await ask(url, key, 'GET', `/worker-runs/${slug}/result/export?format=csv`);
  await ask(url, key, 'PUT', `/worker-runs/${slug}`, { labels: ['kept'], pinned: true });
  await platform.database.pool.query(
    `WITH made AS (INSERT INTO store (account_id, name, key_count, size_bytes) VALUES ($1, 'seen', 1, 5) RETURNING id)
     INSERT INTO store_value (store_id, key, value, size_bytes, version, updated_at)
     SELECT id, 'last', '7.10', 5, nextval('store_version'), now() FROM made`,
    [account.id],
  );
}

const folder = await mkdtemp(path.join(tmpdir(), 'chela-release-'));
// Its cache is where the sandbox can reach it.
const config = { ...readConfig({ CHELA_DATA_DIR: folder }), port: 0 };
const server = new EmbeddedPostgres({ dataDir: path.join(folder, 'postgres'), logger });
try {
  await server.start();
  await migrate(server.url());

  const platform = await Platform.open({ config, logger, parts: { api: true, runner: true } }, server.url());
  try {
    await publishBundledWorkers(platform);
    await use(platform, (await platform.start()) ?? '');
  } finally {
    await platform.stop(0);
  }
  const release = path.join(fixtures, version);
  await rm(release, { recursive: true, force: true });
  await mkdir(release, { recursive: true });
  const { summary, totals } = await makeBackup({
    databaseUrl: server.url(),
    storage: new FolderStorage(path.join(folder, 'storage')),
    place: new BackupPlace(new FolderStorage(release)),
    secret: undefined,
  });
  await rm(path.join(release, '.drafts'), { recursive: true, force: true });
  const digests: Record<string, string> = {};
  for (const name of await migrationNames())
    digests[name] = createHash('sha256')
      .update(await readMigration(name))
      .digest('hex');
  await writeFile(path.join(release, 'migrations.json'), `${JSON.stringify(digests, undefined, 2)}\n`);
  process.stdout.write(
    `${release}: ${totals.rows} rows, ${totals.blobs} blobs, ${summary.sizeBytes} bytes\n`,
  );
} finally {
  await server.stop();
  await rm(config.cacheDir, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
}
