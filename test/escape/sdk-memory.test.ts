/** Workers that send more to the SDK's port than the platform can keep in memory, and leave their messages unfinished. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DataFolder, type StartedChela } from '../platform/support/chela-process.ts';
import { eventually } from '../platform/support/eventually.ts';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { plainSchema } from '../http/packages.ts';

const mebibyte = 1024 * 1024;
const [connections, streams] = [32, 100];
const items = ['one'];

/**
 * Opens as many streams as possible, sends most of a message on each, and prints a line when the runner reads no more.
 * `announce` is the declared size of the messages; `parts` is the number of 64 KiB pieces that it sends of each.
 */
const hostile = `const http2 = require('node:http2');
  const { announce, parts } = JSON.parse(require('node:fs').readFileSync('plan.json', 'utf8'));
  const part = Buffer.alloc(65536, 'x');
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(announce, 1);
  let sentBytes = 0;
  const send = (stream, left) => {
    if (left > 0) stream.write(part, (error) => { if (!error) { sentBytes += part.length; send(stream, left - 1); } });
  };
  for (let n = 0; n < ${connections}; n += 1) {
    const session = http2.connect('http://127.0.0.1:20086').on('error', () => {});
    session.once('remoteSettings', () => {
      for (let m = 0; m < ${streams}; m += 1) {
        const stream = session.request({ ':method': 'POST', ':path': '/coresdk.Result/PushData', 'content-type': 'application/grpc' });
        stream.on('error', () => {}).write(prefix);
        send(stream, parts);
      }
    });
  }
  let seenBytes = -1;
  const look = setInterval(() => {
    if (seenBytes !== sentBytes) { seenBytes = sentBytes; return; }
    clearInterval(look);
    console.log('nothing more is taken after ' + sentBytes);
  }, 2000);
  setInterval(() => {}, 1000);`;

let folder: DataFolder;
let chela: StartedChela;
let honest: string;
beforeAll(async () => {
  folder = await DataFolder.make();
  chela = await folder.start({
    CHELA_RUNNER_SLOTS: '4',
    CHELA_DEFAULT_MEMORY_MB: '512',
    CHELA_SDK_MESSAGE_LIMIT_BYTES: String(16 * mebibyte),
  });
  honest = await publishScriptedWorker(chela.client, 'Honest');
});
afterAll(async () => folder.remove());

/** Memory of the platform's process. */
async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${chela.process.pid}/status`, 'latin1');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

async function publishHostile(plan: { announce: number; parts: number }): Promise<string> {
  const packageDir = await mkdtemp(path.join(tmpdir(), 'chela-test-hostile-'));
  const files = {
    'main.js': hostile,
    'plan.json': JSON.stringify(plan),
    'input_schema.json': JSON.stringify(plainSchema),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(packageDir, name), text);
  const slug = await chela.client.publish(packageDir, `Hostile ${plan.announce}`);
  await rm(packageDir, { recursive: true });
  return slug;
}

async function pushRows(): Promise<void> {
  const script = `for (let n = 0; n < 20; n += 1)
    await Promise.all(Array.from({ length: 10 }, (_, m) => sdk.result.pushData({ n, m, text: 'x'.repeat(50_000) })))`;
  const run = await chela.client.runSync(honest, { script, items });
  expect(run).toMatchObject({ run_status: 'succeeded', error_message: '', results: { count: 200 } });
}

test.each([
  ['within the limit of a message', { announce: 15 * mebibyte, parts: 239 }],
  ['above the limit, which are not kept,', { announce: 30 * mebibyte, parts: 20 }],
])('thousands of unfinished messages %s use limited memory', { timeout: 180_000 }, async (_, plan) => {
  const worker = await publishHostile(plan);
  await pushRows();
  const before = await residentBytes();
  const slugs = await Promise.all([1, 2].map(async () => chela.client.runAsync(worker, {})));
  let most = 0;
  const watch = setInterval(() => void residentBytes().then((bytes) => (most = Math.max(most, bytes))), 50);
  await eventually(async () => {
    const logs = await Promise.all(slugs.map(async (slug) => chela.client.log(slug)));
    const said = logs.map((log) => log.find(({ content }) => content.startsWith('nothing more is taken')));
    return said.every((line) => line !== undefined) ? said : undefined;
  }, 120_000);
  // Meanwhile, rows of another run are stored.
  await pushRows();
  clearInterval(watch);
  for (const slug of slugs) expect((await chela.client.run(slug)).status).toBe('running');
  expect(most - before).toBeLessThan(400 * mebibyte);
  await Promise.all(
    slugs.map(async (slug) => chela.client.call(`/worker-runs/${slug}/abort`, { method: 'POST' })),
  );
  await pushRows();
});
