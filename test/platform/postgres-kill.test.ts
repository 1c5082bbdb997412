import { readFile } from 'node:fs/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { embeddedUrl } from '../../src/database/embedded-postgres.ts';
import type { RunShape } from '../support/test-client.ts';
import { DataFolder, type StartedChela } from './support/chela-process.ts';
import { eventually } from './support/eventually.ts';
import { acknowledgedRows, pushWithWitness } from './support/row-witness.ts';
import { publishScriptedWorker, runForever } from './support/scripted-worker.ts';

let folder: DataFolder;
let chela: StartedChela;
let worker: string;
beforeAll(async () => {
  folder = await DataFolder.make();
  chela = await folder.start({ CHELA_RUNNER_SLOTS: '4' });
  worker = await publishScriptedWorker(chela.client, 'Scripted');
  await ended((await chela.client.call<RunShape>('/worker-runs/last')).data.slug);
});
afterAll(async () => folder.remove());

const items = ['one'];

async function ended(slug: string): Promise<RunShape> {
  return eventually(async () => {
    const run = await chela.client.run(slug);
    return run.finished_at > 0 ? run : undefined;
  });
}

/** NaN while there is none. */
async function postmasterPid(): Promise<number> {
  return Number.parseInt(
    await readFile(`${folder.path}/postgres/postmaster.pid`, 'utf8').catch(() => ''),
    10,
  );
}

async function killPostmaster(): Promise<number> {
  const pid = await postmasterPid();
  process.kill(pid, 'SIGKILL');
  return pid;
}

async function storedRows(slug: string): Promise<number[]> {
  const client = new Client({ connectionString: await embeddedUrl(`${folder.path}/postgres`) });
  await client.connect();
  try {
    const { rows } = await client.query<{ n: number }>(
      `SELECT (data->>'n')::int AS n FROM result_row JOIN run ON run.id = run_id WHERE slug = $1`,
      [slug],
    );
    return rows.map(({ n }) => n);
  } finally {
    await client.end();
  }
}

/** Continues with the next row after a refusal; ends once rows are accepted again, and reports which were. */
const pushThroughRefusals = `
  const accepted = [];
  let refused = 0;
  for (let n = 0, after = 0; after < 20; n += 1) {
    const stored = await sdk.result.pushData({ n }).then(() => true, () => false);
    if (stored) accepted.push(n);
    else {
      refused += 1;
      await new Promise((later) => setTimeout(later, 50));
    }
    if (stored && refused > 0) after += 1;
  }
  await sdk.log.info(JSON.stringify(accepted));`;

test('kill -9 of PostgreSQL loses no acknowledged row, and every run ends', async () => {
  const strict = await chela.client.runAsync(worker, { script: pushWithWitness, items });
  const patient = await chela.client.runAsync(worker, { script: pushThroughRefusals, items });
  const idle = await chela.client.runAsync(worker, {
    script: `await sdk.result.pushData({ n: 0 }); ${runForever}`,
    items,
  });
  let witnessed: number[] = [];
  await eventually(async () => {
    witnessed = await acknowledgedRows(inject('cacheDir'), chela.process.pid);
    const others = await Promise.all([patient, idle].map(async (slug) => chela.client.run(slug)));
    return witnessed.length >= 200 && others.every(({ results }) => results > 0) ? true : undefined;
  });

  const killed = await killPostmaster();

  // The server restarts by itself under the same platform; until then old connections may still answer.
  await eventually(async () => {
    const pid = await postmasterPid();
    return pid > 0 && pid !== killed ? true : undefined;
  });
  await eventually(async () => ((await chela.client.run(idle)).status === 'running' ? true : undefined));

  const strictRun = await ended(strict);
  expect(strictRun.status).toBe('failed');
  expect(strictRun.err_msg).toMatch(
    /^the worker ended with exit code 1; before that a row could not be stored: ./,
  );
  const strictRows = await storedRows(strict);
  expect(witnessed.filter((n) => !strictRows.includes(n))).toEqual([]);
  expect(strictRun.results).toBe(strictRows.length);

  const patientRun = await ended(patient);
  expect(patientRun).toMatchObject({ status: 'succeeded', err_msg: '' });
  const told = (await chela.client.log(patient)).find(({ content }) => content.startsWith('[0,'));
  const accepted = JSON.parse(told?.content ?? '') as number[];
  const patientRows = await storedRows(patient);
  expect(accepted.filter((n) => !patientRows.includes(n))).toEqual([]);

  // Notifications work again too: an abort is noticed at once.
  await chela.client.call(`/worker-runs/${idle}/abort`, { method: 'POST' });
  expect(await ended(idle)).toMatchObject({ status: 'failed', err_msg: 'run aborted by user', results: 1 });
  const fresh = await chela.client.runSync(worker, { script: `await sdk.result.pushData({ n: 1 })`, items });
  expect(fresh).toMatchObject({ run_status: 'succeeded', results: { count: 1 } });
});

test('a stop right after PostgreSQL was killed is clean', async () => {
  await killPostmaster();
  chela.process.signal('SIGTERM');
  const end = await chela.process.ended;
  expect({ ...end, output: chela.process.output }).toMatchObject({ exitCode: 0, signal: null });
});
