/** Installations that are running when their process dies. The registry of their scope never responds. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { embeddedUrl } from '../../src/database/embedded-postgres.ts';
import { packageZip, uploadForm } from '../http/packages.ts';
import type { InstallLogShape, TestClient } from '../support/test-client.ts';
import { DataFolder, type StartedChela } from './support/chela-process.ts';
import { eventually } from './support/eventually.ts';

vi.setConfig({ testTimeout: 600_000 });

const setAside =
  'installing the dependencies of this version crashed the runner twice, so Chela no longer tries: upload a changed version, or install the dependencies again';

let registry: Server;
let folder: DataFolder;
beforeAll(async () => {
  registry = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(registry, 'listening');
});
afterAll(() => {
  registry.closeAllConnections();
  registry.close();
});

beforeEach(async () => {
  folder = await DataFolder.make();
});
afterEach(async () => folder.remove());

async function start(): Promise<StartedChela> {
  const { port } = registry.address() as AddressInfo;
  return folder.start({
    'npm_config_@endless:registry': `http://127.0.0.1:${port}/`,
    CHELA_STOP_GRACE_SECONDS: '0',
  });
}

/** Unfinished installations for a worker, of any process. */
async function unfinishedInstallCount(name: string): Promise<number> {
  const client = new Client({ connectionString: await embeddedUrl(`${folder.path}/postgres`) });
  await client.connect();
  try {
    const { rows } = await client.query<{ count: string }>(
      `SELECT count(*) FROM unfinished_install JOIN worker_version ON worker_version.id = worker_version_id
       JOIN worker ON worker.id = worker_id WHERE worker.name = $1`,
      [name],
    );
    return Number(rows[0]?.count);
  } finally {
    await client.end();
  }
}

async function untilUnfinished(name: string, count: number): Promise<void> {
  await eventually(async () => ((await unfinishedInstallCount(name)) === count ? true : undefined));
}

async function publishNeeding(client: TestClient, name: string): Promise<string> {
  const files = { 'package.json': JSON.stringify({ dependencies: { [`@endless/${name}`]: '1.0.0' } }) };
  const answer = await client.call<{ slug: string }>('/workers', {
    body: uploadForm(packageZip(files), { title: name }),
  });
  return answer.data.slug;
}

async function installLog(client: TestClient, workerId: string): Promise<InstallLogShape> {
  return (await client.call<InstallLogShape>(`/workers/${workerId}/versions/latest/install-log`)).data;
}

test('an installation during which its process dies twice is set aside until it is requested again', async () => {
  let chela = await start();
  const workerId = await publishNeeding(chela.client, 'first');
  await untilUnfinished('first', 1);
  await chela.process.kill();

  chela = await start();
  await untilUnfinished('first', 2);
  await chela.process.kill();

  chela = await start();
  await eventually(async () => {
    const { status } = await installLog(chela.client, workerId);
    return status === 'failed' ? true : undefined;
  });
  expect(await installLog(chela.client, workerId)).toMatchObject({ status: 'failed', err_msg: setAside });
  const run = await chela.client.runSync(workerId, {});
  expect(run).toMatchObject({
    run_status: 'failed',
    error_message: `could not be executed: ${setAside}`,
  });
  expect(await unfinishedInstallCount('first')).toBe(2);
  // Others are served as usual.
  const other = await publishNeeding(chela.client, 'second');
  await untilUnfinished('second', 1);
  expect((await installLog(chela.client, other)).status).toMatch(/^(?:waiting|installing)$/);

  const again = await chela.client.call(`/workers/${workerId}/versions/latest/install`, { method: 'POST' });
  expect(again.data).toMatchObject({
    status: expect.stringMatching(/^(?:waiting|installing)$/),
    err_msg: '',
  });
  await untilUnfinished('first', 1);
});

test('an installation interrupted by a stop is not counted as a crash', async () => {
  const chela = await start();
  await publishNeeding(chela.client, 'third');
  await untilUnfinished('third', 1);
  chela.process.signal('SIGTERM');
  expect(await chela.process.ended).toEqual({ exitCode: 0, signal: null });

  await start();
  await untilUnfinished('third', 1);
});
