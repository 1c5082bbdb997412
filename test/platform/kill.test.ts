import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { embeddedUrl } from '../../src/database/embedded-postgres.ts';
import type { RunShape, TestClient } from '../support/test-client.ts';
import { cgroupsOf } from '../runner/cgroup-folders.ts';
import { DataFolder } from './support/chela-process.ts';
import { eventually } from './support/eventually.ts';
import { untilAllEnded, descendantsOf } from './support/processes.ts';
import { acknowledgedRows, pushWithWitness } from './support/row-witness.ts';
import { publishScriptedWorker, runForever } from './support/scripted-worker.ts';

/** The lease would last an hour, but a process that starts in a dead process's data folder need not wait for it. */
const lost = { CHELA_RUNNER_LEASE_SECONDS: '3600', CHELA_RUNNER_SLOTS: '1' };
const items = ['one'];

let folder: DataFolder;
beforeAll(async () => {
  folder = await DataFolder.make();
});
afterAll(async () => folder.remove());

async function ended(client: TestClient, slug: string): Promise<RunShape> {
  return eventually(async () => {
    const run = await client.run(slug);
    return run.finished_at > 0 ? run : undefined;
  });
}

async function storedRows(slug: string): Promise<{ number: number; n: number }[]> {
  const client = new Client({ connectionString: await embeddedUrl(`${folder.path}/postgres`) });
  await client.connect();
  try {
    const { rows } = await client.query<{ number: string; n: number }>(
      `SELECT number, (data->>'n')::int AS n FROM result_row JOIN run ON run.id = run_id WHERE slug = $1 ORDER BY number`,
      [slug],
    );
    return rows.map(({ number, n }) => ({ number: Number(number), n }));
  } finally {
    await client.end();
  }
}

test('acknowledged rows survive kill -9 of everything; running runs fail at the next start and queued ones run', async () => {
  const first = await folder.start(lost);
  const worker = await publishScriptedWorker(first.client, 'Scripted');
  // By then the run of the first start is finished.
  await ended(first.client, (await first.client.call<RunShape>('/worker-runs/last')).data.slug);

  const pushing = await first.client.runAsync(worker, { script: pushWithWitness, items });
  const queued = await Promise.all(
    ['a', 'b'].map(async (name) =>
      first.client.runAsync(worker, { script: `await sdk.result.pushData({ n: 1 })`, items: [name] }),
    ),
  );
  const runnerId = first.process.pid;
  await eventually(async () =>
    (await acknowledgedRows(inject('cacheDir'), runnerId)).length >= 300 ? true : undefined,
  );
  const processes = descendantsOf(runnerId);
  expect(processes.some(({ command }) => command.includes('bwrap'))).toBe(true);
  expect(processes.some(({ command }) => command.includes('postgres'))).toBe(true);

  const cgroups = await cgroupsOf(runnerId);
  await first.process.kill();
  await untilAllEnded(processes, 10_000);
  const acknowledged = await acknowledgedRows(inject('cacheDir'), runnerId);

  const second = await folder.start(lost);
  const run = await ended(second.client, pushing);
  expect(run).toMatchObject({
    status: 'failed',
    err_msg: 'the runner of the subtask was lost; run it again',
    end_reason: 'lost',
    end_detail: {},
  });
  const rows = await storedRows(pushing);
  expect(acknowledged.filter((n) => !rows.some((row) => row.n === n))).toEqual([]);
  expect(new Set(rows.map(({ n }) => n)).size).toBe(rows.length);
  expect(rows.map(({ number }) => number)).toEqual(rows.map((_, index) => index));
  expect(run.results).toBe(rows.length);
  for (const slug of queued) {
    expect(await ended(second.client, slug)).toMatchObject({ status: 'succeeded', results: 1 });
  }
  // A machine without usable cgroups has none.
  expect(cgroups.some((name) => name.includes('/subtask-'))).toBe(cgroups.length > 0);
  expect(await cgroupsOf(runnerId)).toEqual([]);
  await second.process.kill();
});

test('with CHELA_LOST_SUBTASKS=retry the subtask of a lost runner runs again', async () => {
  const settings = { ...lost, CHELA_LOST_SUBTASKS: 'retry' };
  const first = await folder.start(settings);
  const { data } = await first.client.call<{ list: { slug: string }[] }>('/workers');
  const script = `const browser = new WebSocket(process.env.CDP_ENDPOINT);
    await new Promise((open, fail) => Object.assign(browser, { onopen: open, onerror: fail }));
    await sdk.result.pushData({ n: 0 }); ${runForever}`;
  const slug = await first.client.runAsync(data.list[0]?.slug ?? '', { script, items });
  await eventually(async () => ((await first.client.run(slug)).results === 1 ? true : undefined));
  const processes = descendantsOf(first.process.pid);
  expect(processes.some(({ command }) => command.includes('--remote-debugging-pipe'))).toBe(true);
  await first.process.kill();
  await untilAllEnded(processes, 10_000);

  const second = await folder.start(settings);
  await eventually(async () => ((await second.client.run(slug)).results === 2 ? true : undefined));
  expect((await second.client.run(slug)).status).toBe('running');
  await second.client.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
  expect(await ended(second.client, slug)).toMatchObject({
    status: 'failed',
    err_msg: 'run aborted by user',
  });
});
