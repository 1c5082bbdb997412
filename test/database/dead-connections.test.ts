/** Connections that the network lost without a word. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Database, isDatabaseUnavailable } from '../../src/database/database.ts';
import { Platform } from '../../src/platform/platform.ts';
import { eventually } from '../platform/support/eventually.ts';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { TestClient } from '../support/test-client.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { testConfig } from '../support/test-platform.ts';
import { Relay } from './support/relay.ts';

const logger = pino({ level: 'silent' });

let server: Awaited<ReturnType<typeof createTestDatabase>>;
let relay: Relay;
beforeAll(async () => {
  server = await createTestDatabase();
  relay = await Relay.start(server.url);
});
afterAll(async () => {
  relay.stop();
  await eventually(async () => {
    await server.drop();
    return true;
  });
});

async function open(): Promise<Database> {
  const database = new Database({ url: relay.url(server.url), poolSize: 1, logger });
  onTestFinished(async () => database.close());
  await database.pool.query('SELECT 1');
  return database;
}

test('a statement on a dead connection fails, and one that takes long does not', async () => {
  const cut = await open();
  relay.cut();
  const healthy = await open();
  const lasting = healthy.pool.query('SELECT 1 AS one FROM pg_sleep(13)');
  const lost: unknown = await cut.pool.query('SELECT 1').catch((error: unknown) => error);
  expect(isDatabaseUnavailable(lost)).toBe(true);
  expect((await cut.pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  expect((await lasting).rows).toEqual([{ one: 1 }]);
});

test('the server ends a transaction whose process is frozen, which counts as unavailable', async () => {
  const database = new Database({ url: server.url, poolSize: 2, logger });
  onTestFinished(async () => database.close());
  const setting = await database.pool.query('SHOW idle_in_transaction_session_timeout');
  expect(setting.rows).toEqual([{ idle_in_transaction_session_timeout: '15s' }]);
  // The same with a shorter limit: nothing is sent until the server has ended the connection.
  const thawed: unknown = await database
    .transaction(async (client) => {
      const ended = once(client, 'end');
      await client.query(`SET LOCAL idle_in_transaction_session_timeout = '100ms'`);
      await ended;
      await client.query('SELECT 1');
    })
    .catch((error: unknown) => error);
  expect(isDatabaseUnavailable(thawed)).toBe(true);
});

test('a platform whose connections all died works again, with its runner and its jobs', async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'chela-test-data-'));
  const platform = await Platform.open(
    {
      config: testConfig(dataDir, { runnerSlots: 1, callbackAllowedTargets: ['127.0.0.1'] }),
      logger,
      parts: { api: true, runner: true },
    },
    relay.url(server.url),
  );
  onTestFinished(async () => {
    await platform.stop(0);
    await rm(dataDir, { recursive: true, force: true });
  });
  const url = (await platform.start()) ?? '';
  const { id } = await platform.accounts.ensure('tester');
  const client = new TestClient(url, await platform.accounts.createKey(id, 'test'));
  // No SDK and no dependencies.
  const worker = await publishScriptedWorker(client, 'Quick', {
    'main.js': '',
    'package.json': '{}',
    'package-lock.json': '{"lockfileVersion": 3, "packages": {}}',
  });
  const receiver = createServer((request, response) => {
    request.resume();
    response.end();
  });
  await once(receiver.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void receiver.close());
  const { port } = receiver.address() as net.AddressInfo;
  const called = once(receiver, 'request');
  relay.cut();
  const slug = await eventually(async () => {
    const answer = await client.call<{ run_slug: string }>(`/workers/${worker}/runs`, {
      body: {
        input: { parameters: { custom: { script: '', items: ['one'] } } },
        callback_url: `http://127.0.0.1:${port}/`,
      },
    });
    return answer.code === 0 ? answer.data.run_slug : undefined;
  });
  await expect.poll(async () => (await client.run(slug)).status).toBe('succeeded');
  await called;
});
