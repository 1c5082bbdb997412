import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { Platform } from '../../src/platform/platform.ts';
import { startChela } from '../platform/support/chela-process.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { startTestPlatform, testConfig } from '../support/test-platform.ts';
import { accept, Receiver } from './support/receiver.ts';

const logger = pino({ level: 'silent' });
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (let close = closing.pop(); close !== undefined; close = closing.pop()) await close();
});

test('callbacks undelivered when the platform stopped are delivered in order after the next start', async () => {
  const settings = { callbackAllowedTargets: ['127.0.0.1'], callbackRetrySeconds: [3600] };
  let isDown = true;
  const target = await Receiver.start((response) => {
    if (isDown) response.writeHead(503).end();
    else accept(response);
  });
  closing.push(() => target.close());
  const first = await startTestPlatform(settings);
  closing.push(() => first.close());
  const worker = await first.publish(path.join(import.meta.dirname, '..', '..', 'workers', 'hello'), 'Hello');
  const { data } = await first.call<{ run_slug: string }>(`/workers/${worker}/runs`, {
    body: { callback_url: target.url, input: { parameters: { custom: { names: ['Ada'] } } } },
  });
  await first.finished(data.run_slug);
  await target.received(1);
  await first.platform.stop(0);
  isDown = false;

  const second = await Platform.open(
    { config: first.platform.config, logger, parts: { api: false, runner: false } },
    first.databaseUrl,
  );
  closing.push(() => second.stop(0));
  // Lets an hour pass for PostgreSQL.
  await second.database.pool.query(`UPDATE callback SET next_attempt_at = now()`);
  await second.database.pool.query(`UPDATE pgboss.job SET start_after = now() WHERE state = 'created'`);
  await second.start();
  await target.received(3);
  expect(target.bodies.map((body) => body.run_status)).toEqual(['running', 'running', 'succeeded']);
});

test('a delivery interrupted by kill -9 is repeated; its first attempt stays visible and nothing is lost', async () => {
  const database = await createTestDatabase();
  closing.push(() => database.drop());
  const dataDir = await mkdtemp(path.join(tmpdir(), 'chela-test-data-'));
  closing.push(() => rm(dataDir, { recursive: true, force: true }));
  let isHanging = true;
  const target = await Receiver.start((response, { body }) => {
    if (!isHanging || body.includes('"running"')) accept(response);
  });
  closing.push(() => target.close());
  const killed = await startChela({
    DATABASE_URL: database.url,
    CHELA_DATA_DIR: dataDir,
    CHELA_CALLBACK_ALLOWED_TARGETS: '127.0.0.1',
  });
  closing.push(async () => {
    await killed.process.kill();
  });
  const { data } = await killed.client.call<{ run_slug: string }>('/workers/chela~hello/runs', {
    body: { callback_url: target.url, input: { parameters: { custom: { names: ['Ada'] } } } },
  });
  await target.received(2);
  await killed.process.kill();
  isHanging = false;

  const config = testConfig(dataDir, { callbackAllowedTargets: ['127.0.0.1'] });
  const second = await Platform.open({ config, logger, parts: { api: false, runner: false } }, database.url);
  closing.push(() => second.stop(0));
  await second.start();
  // Lets minutes pass for PostgreSQL: the lease of the callback and the job's time expire.
  const { pool } = second.database;
  await pool.query(`UPDATE callback SET claimed_until = now() WHERE state = 'pending'`);
  await pool.query(
    `UPDATE pgboss.job SET started_on = started_on - interval '1 hour' WHERE state = 'active'`,
  );
  await second.jobs.boss.supervise();
  await target.received(3);
  expect(target.bodies.map((body) => body.run_status)).toEqual(['running', 'succeeded', 'succeeded']);
  expect(target.requests[2]?.headers).toMatchObject({
    'x-chela-callback-id': `${data.run_slug}-2`,
    'x-chela-attempt': '2',
  });
  const { rows } = await pool.query<{ id: number }>('SELECT id FROM run WHERE slug = $1', [data.run_slug]);
  await expect
    .poll(async () => (await second.callbacks.read.ofRun(rows[0]?.id ?? 0)).list.map(({ state }) => state), {
      timeout: 10_000,
    })
    .toEqual(['delivered', 'delivered']);
  const { list } = await second.callbacks.read.ofRun(rows[0]?.id ?? 0);
  expect(list[1]?.attempts).toMatchObject([
    { number: 1, error: 'the platform ended during this attempt', statusCode: undefined },
    { number: 2, error: '', statusCode: 200 },
  ]);
});

test('a callback is delivered after its claim if the process that claimed it never learned of that', async () => {
  const target = await Receiver.start(accept);
  closing.push(() => target.close());
  const settings = { callbackAllowedTargets: ['127.0.0.1'] };
  const platform = await startTestPlatform(settings, { api: true, runner: false });
  closing.push(() => platform.close());
  // As if the connection was lost right after the claim was stored: the job fails and is tried again too early.
  await platform.platform.database.pool.query(`
    CREATE FUNCTION claim_unheard() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.claimed_until = now() + interval '2 seconds';
        NEW.attempt_count = 1;
        RETURN NEW;
      END
    $$;
    CREATE TRIGGER claim_unheard BEFORE INSERT ON callback FOR EACH ROW EXECUTE FUNCTION claim_unheard()`);
  const worker = await platform.publish(
    path.join(import.meta.dirname, '..', '..', 'workers', 'hello'),
    'Hello',
  );
  const { data } = await platform.call<{ run_slug: string }>(`/workers/${worker}/runs`, {
    body: { callback_url: target.url, input: { parameters: { custom: { names: ['Ada'] } } } },
  });
  await platform.call(`/worker-runs/${data.run_slug}/abort`, { method: 'POST' });
  await target.received(1);
  expect(target.requests[0]?.headers).toMatchObject({
    'x-chela-callback-id': `${data.run_slug}-1`,
    'x-chela-attempt': '2',
  });
});
