/** A platform whose data folder, with the embedded database, is on a small disk of its own. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestClient } from '../support/test-client.ts';
import { DataFolder, type StartedChela } from './support/chela-process.ts';
import { eventually } from './support/eventually.ts';
import { publishScriptedWorker } from './support/scripted-worker.ts';

const mebibyte = 1024 * 1024;
const canMount = process.platform === 'linux' && process.getuid?.() === 0;

describe.skipIf(!canMount)('on a small disk', () => {
  let disk: string;
  let data: DataFolder;
  let chela: StartedChela;
  let client: TestClient;
  let worker: string;
  beforeAll(async () => {
    disk = await mkdtemp(path.join(tmpdir(), 'chela-test-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=320m', 'chela-test', disk]);
    data = new DataFolder(path.join(disk, 'data'));
    chela = await data.start({ CHELA_DISK_RESERVE: String(64 * mebibyte), CHELA_SANDBOX: 'bubblewrap' });
    ({ client } = chela);
    worker = await publishScriptedWorker(client, 'Filling');
  });
  afterAll(async () => {
    await chela.process.kill();
    await data.remove();
    execFileSync('umount', [disk]);
    await rm(disk, { recursive: true });
  });

  async function freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(disk);
    return bavail * bsize;
  }

  /** Takes space until this much is left. @returns a function that gives it back */
  async function leave(bytes: number): Promise<() => Promise<void>> {
    const file = path.join(disk, 'ballast');
    await writeFile(file, Buffer.alloc(Math.max(0, (await freeBytes()) - bytes)));
    return () => rm(file);
  }

  function start(script: string, key?: string): ReturnType<TestClient['call']> {
    return client.call(`/workers/${worker}/runs`, {
      body: { input: { parameters: { custom: { script, items: ['one'] } } } },
      headers: key === undefined ? {} : { 'idempotency-key': key },
    });
  }

  async function runStarted(script: string, key?: string): Promise<string> {
    const answer = await start(script, key);
    return (answer.data as { run_slug: string }).run_slug;
  }

  async function ended(slug: string) {
    return eventually(async () => {
      const run = await client.run(slug);
      return run.status === 'succeeded' || run.status === 'failed' ? run : undefined;
    });
  }

  test('no run starts before the disk is full, while reads, aborts, exports and repeated requests work', async () => {
    const first = await runStarted('await sdk.result.pushData({ n: 1 });', 'first');
    expect(await ended(first)).toMatchObject({ status: 'succeeded' });
    const running = await runStarted('await new Promise(() => setInterval(() => {}, 1000));');
    await eventually(async () => ((await client.run(running)).status === 'running' ? true : undefined));
    const giveBack = await leave(32 * mebibyte);
    const refused = await eventually(async () => {
      const answer = await start('');
      return answer.status === 503 ? answer : undefined;
    });
    expect(refused.code).toBe(10000);
    expect(refused.message).toMatch(
      /^no runs can be started: the disk of .* is almost full: \d+ MiB are free, and 64 MiB must be \(CHELA_DISK_RESERVE\)$/,
    );
    expect(await runStarted('await sdk.result.pushData({ n: 1 });', 'first')).toBe(first);
    expect((await client.call(`/worker-runs/${first}/result`)).data).toMatchObject({ count: 1 });
    expect((await client.call(`/worker-runs/${first}/result/export?format=csv`)).code).toBe(0);
    await client.call(`/worker-runs/${running}/abort`, { method: 'POST' });
    expect(await ended(running)).toMatchObject({ status: 'failed', end_reason: 'aborted' });
    expect((await client.call(`/worker-runs/${running}`, { method: 'DELETE' })).code).toBe(0);
    expect(await (await fetch(`${client.url}/health`)).json()).toMatchObject({ status: 'degraded' });
    await giveBack();
    const again = await eventually(async () => {
      const answer = await start('');
      return answer.status === 200 ? (answer.data as { run_slug: string }).run_slug : undefined;
    });
    expect(await ended(again)).toMatchObject({ status: 'succeeded' });
  });

  test('a run whose rows filled the disk fails, although its worker succeeds, and the platform recovers', async () => {
    const giveBack = await leave(96 * mebibyte);
    // Random, because the database compresses what it can.
    const slug = await runStarted(`
      for (;;) {
        const filler = require('crypto').randomBytes(600_000).toString('base64');
        try {
          await sdk.result.pushData({ filler });
        } catch {
          break;
        }
      }`);
    await eventually(async () => {
      const status = await client
        .run(slug)
        .then((run) => run.status)
        .catch(() => 'unknown');
      // Without space for its log, PostgreSQL stops, and starts again and again.
      const isDown = status === 'unknown' && (await freeBytes()) < 20 * mebibyte;
      return isDown || status === 'failed' || status === 'succeeded' ? true : undefined;
    });
    await giveBack();
    expect(await ended(slug)).toMatchObject({ status: 'failed', end_reason: 'internal' });
    const next = await eventually(async () => {
      const answer = await start('await sdk.result.pushData({ n: 1 });').catch(() => undefined);
      return answer?.status === 200 ? (answer.data as { run_slug: string }).run_slug : undefined;
    });
    expect(await ended(next)).toMatchObject({ status: 'succeeded', results: 1 });
  });
});
