/** What a runner stores for a subtask that was taken from it: nothing, whatever it is and however late it comes. */
import { Readable } from 'node:stream';
import type { PoolClient } from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { EgressLedger } from '../../src/egress/egress.ts';
import { parseRow } from '../../src/results/row.ts';
import { claimSubtasks, requeueSubtask } from '../../src/runner/claimer.ts';
import type { ClaimedSubtask } from '../../src/runner/execution/claimed-subtask.ts';
import { RunWriters, type RunWriter } from '../../src/runner/execution/run-writers.ts';
import { registerRunner } from '../../src/runner/lease.ts';
import { ClaimLostError } from '../../src/runs/claims.ts';
import { lostEnd, succeededEnd } from '../../src/runs/end-reasons.ts';
import { settleSubtask } from '../../src/runs/finish.ts';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
  worker = await publishScriptedWorker(platform, 'Scripted');
});
afterAll(async () => platform.close());

const line = { type: 2, content: 'a line', loggedAt: new Date() } as const;
const header = [{ key: 'a', label: 'A', format: 'text' }];

/** A runner that claimed one subtask, and what it writes through. */
interface Execution {
  readonly claim: ClaimedSubtask;
  readonly writer: RunWriter;
  /** How often it was told that the claim is lost. */
  readonly told: () => number;
}

/** Claims a subtask as another runner. @param writer of another subtask of the same run on this runner */
async function claimNext(writer?: RunWriter): Promise<Execution> {
  const { database, files, events } = platform.platform;
  const runnerId = await registerRunner(database, { runnerSlots: 1, sandbox: 'bubblewrap' });
  const [claim] = await claimSubtasks(platform.platform, runnerId, 1);
  if (claim === undefined) throw new Error('no subtask is waiting');
  const used =
    writer ??
    new RunWriters({ database, events, files }, { rowLimit: 0 }).acquire({
      id: claim.run_id,
      slug: claim.run_slug,
      day: claim.day,
      isSplit: claim.subtask_count > 1,
      trafficLimitBytes: 0,
    });
  if (writer === undefined) onTestFinished(async () => used.traffic.close());
  let told = 0;
  used.claims.add(claim, claim.fence, () => void (told += 1));
  return { claim, writer: used, told: () => told };
}

async function submit(count: number): Promise<string> {
  const items = Array.from({ length: count }, (_, index) => String(index));
  return platform.runAsync(worker, { script: '', items });
}

function services() {
  const { database, callbacks, accounts, events } = platform.platform;
  return { database, callbacks, usage: accounts.usage, events };
}

async function loseSubtask({ claim }: Execution): Promise<void> {
  expect(await settleSubtask(services(), claim, { end: lostEnd })).toBe(true);
}

async function upload({ claim, writer }: Execution, name: string): Promise<unknown> {
  const content = Readable.from([Buffer.from(name)]);
  return writer.files.put({ claim, name, mediaType: 'text/plain', content, announcedBytes: undefined });
}

/** Everything that runners store for a run. */
async function stored(slug: string) {
  const { rows } = await platform.platform.database.pool.query<Record<string, unknown>>(
    `SELECT result_count AS counted, traffic_bytes AS traffic,
       ARRAY(SELECT data ->> 'n' FROM result_row WHERE run_id = run.id ORDER BY number) AS rows,
       ARRAY(SELECT key FROM result_column WHERE run_id = run.id ORDER BY key) AS columns,
       ARRAY(SELECT content FROM log_line WHERE run_id = run.id ORDER BY id) AS lines,
       ARRAY(SELECT subtask FROM result_header WHERE run_id = run.id ORDER BY subtask) AS headers,
       ARRAY(SELECT name FROM run_file WHERE run_id = run.id AND state = 'kept' ORDER BY name) AS files,
       ARRAY(SELECT host FROM run_host WHERE run_id = run.id ORDER BY host) AS hosts
     FROM run WHERE slug = $1`,
    [slug],
  );
  return rows[0];
}

const nothing = {
  counted: 0,
  traffic: 0,
  rows: [],
  columns: [],
  lines: [],
  headers: [],
  files: [],
  hosts: [],
};

const stores: Record<string, (execution: Execution) => Promise<unknown>> = {
  'a row': ({ claim, writer }) => writer.results.push(claim, parseRow('{"n":1}')),
  'an upsert': ({ claim, writer }) =>
    writer.results.push(
      claim,
      parseRow('{"__coreclaw_upsert_key__":"n","__coreclaw_upsert_value__":"1","n":1}'),
    ),
  'a log line': ({ claim, writer }) => writer.logs.write(claim, line),
  'a table header': ({ claim, writer }) => writer.results.setHeaders(claim, header),
  'a file': (execution) => upload(execution, 'late.txt'),
  'a value in a store': ({ claim, writer }) =>
    platform.platform.stores.put(
      { accountId: claim.account_id, store: 'late' },
      'key',
      '1',
      undefined,
      (client: PoolClient) => writer.claims.hold(client, claim),
    ),
};

describe('a runner that lost a subtask', () => {
  test.each(Object.entries(stores))('is refused %s, and told once', async (_name, store) => {
    const slug = await submit(1);
    const execution = await claimNext();
    await loseSubtask(execution);
    await expect(store(execution)).rejects.toThrow(ClaimLostError);
    await expect(store(execution)).rejects.toThrow('this was not stored');
    expect(await stored(slug)).toEqual(nothing);
    expect(execution.told()).toBe(1);
    const { database } = platform.platform;
    expect((await database.pool.query(`SELECT FROM store WHERE name = 'late'`)).rowCount).toBe(0);
  });

  test('stores neither traffic nor hosts nor when its worker began, and cannot end the subtask', async () => {
    const slug = await submit(1);
    const { claim, writer } = await claimNext();
    const { database, events } = platform.platform;
    const ledger = new EgressLedger({ database, events }).open({
      runId: claim.run_id,
      runSlug: slug,
      claim,
      claims: writer.claims,
      mask: (text) => text,
    });
    ledger.hosts.connected('example.com', 443).addSent(10);
    writer.traffic.add(claim, 10);
    await requeueSubtask(database, claim);
    const next = await claimNext();
    await Promise.all([ledger.close(), writer.traffic.settled()]);
    await platform.platform.accounts.usage.begin(claim, 1);
    expect(await settleSubtask(services(), claim, { end: succeededEnd })).toBe(false);
    expect(await stored(slug)).toEqual(nothing);
    const { rows } = await database.pool.query(
      'SELECT status, attempt, worked_from FROM subtask WHERE id = $1',
      [claim.id],
    );
    expect(rows).toEqual([{ status: 'running', attempt: 2, worked_from: null }]);
    expect(await settleSubtask(services(), next.claim, { end: succeededEnd })).toBe(true);
  });

  test('does not replace or delete a file of the run', async () => {
    const slug = await submit(1);
    const execution = await claimNext();
    await upload(execution, 'kept.txt');
    await loseSubtask(execution);
    await expect(upload(execution, 'kept.txt')).rejects.toThrow(ClaimLostError);
    await expect(execution.writer.files.delete(execution.claim, 'kept.txt')).rejects.toThrow(ClaimLostError);
    expect(await stored(slug)).toEqual({ ...nothing, files: ['kept.txt'] });
  });

  test('does not keep the next one from storing everything', async () => {
    const slug = await submit(1);
    const first = await claimNext();
    for (const store of Object.values(stores)) await store(first);
    await requeueSubtask(platform.platform.database, first.claim);
    const second = await claimNext();
    const all = Object.values(stores);
    const [late, next] = await Promise.all([
      Promise.allSettled(all.map((store) => store(first))),
      Promise.allSettled(all.map((store) => store(second))),
    ]);
    expect(late.map(({ status }) => status)).toEqual(all.map(() => 'rejected'));
    expect(next.map(({ status }) => status)).toEqual(all.map(() => 'fulfilled'));
    expect(await stored(slug)).toMatchObject({
      counted: 3,
      lines: ['a line', 'a line'],
      headers: [1],
      files: ['late.txt'],
    });
  });
});

describe('a batch of two subtasks, of which one was lost', () => {
  test.each([
    ['rows', (n: number) => `{"n":${n}}`],
    ['upserts', (n: number) => `{"__coreclaw_upsert_key__":"n","__coreclaw_upsert_value__":"${n}","n":${n}}`],
  ])('stores the %s and lines of the other, and acknowledges them', async (_name, json) => {
    const slug = await submit(2);
    const lost = await claimNext();
    const kept = await claimNext(lost.writer);
    await loseSubtask(lost);
    const push = ({ claim, writer }: Execution, n: number) => [
      writer.results.push(claim, parseRow(json(n))),
      writer.logs.write(claim, { ...line, content: String(n) }),
    ];
    const outcomes = await Promise.allSettled([1, 2, 3, 4].flatMap((n) => push(n % 2 ? lost : kept, n)));
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual(
      [1, 2, 3, 4].flatMap((n) => [n % 2 === 0, n % 2 === 0]),
    );
    expect(await stored(slug)).toMatchObject({ counted: 2, rows: ['2', '4'], lines: ['2', '4'] });
    expect([lost.told(), kept.told()]).toEqual([1, 0]);
  });

  test('adds the traffic of the other', async () => {
    const slug = await submit(2);
    const lost = await claimNext();
    const kept = await claimNext(lost.writer);
    await loseSubtask(lost);
    lost.writer.traffic.add(lost.claim, 100);
    lost.writer.traffic.add(kept.claim, 7);
    await lost.writer.traffic.settled();
    expect(await stored(slug)).toMatchObject({ traffic: 7 });
  });
});

test('rows and lines are refused exactly from the moment when their subtask is taken away', async () => {
  const slug = await submit(1);
  const execution = await claimNext();
  const { claim, writer } = execution;
  const acknowledged: Record<'rows' | 'lines', string[]> = { rows: [], lines: [] };
  const underWay = Promise.withResolvers<void>();
  const pushOn = async (kind: 'rows' | 'lines', first: number): Promise<void> => {
    for (let n = first; ; n += 4) {
      if (kind === 'rows') await writer.results.push(claim, parseRow(`{"n":${n}}`));
      else await writer.logs.write(claim, { ...line, content: String(n) });
      acknowledged[kind].push(String(n));
      if (acknowledged.rows.length > 100 && acknowledged.lines.length > 100) underWay.resolve();
    }
  };
  const pushes = [0, 1, 2, 3].flatMap((first) => [pushOn('rows', first), pushOn('lines', first)]);
  const ends = Promise.allSettled(pushes);
  await underWay.promise;
  await loseSubtask(execution);
  const atTheEnd = await stored(slug);
  for (const end of await ends) expect(end).toMatchObject({ reason: expect.any(ClaimLostError) });
  const later = await stored(slug);
  expect(later).toEqual(atTheEnd);
  expect(new Set(later?.['rows'] as string[])).toEqual(new Set(acknowledged.rows));
  expect(new Set(later?.['lines'] as string[])).toEqual(new Set(acknowledged.lines));
});

test('a claim that was lost before it was answered is not executed', async () => {
  await submit(1);
  const { database } = platform.platform;
  const runnerId = await registerRunner(database, { runnerSlots: 1, sandbox: 'bubblewrap' });
  // The runner is frozen between its two statements: the run is locked, which the second waits for.
  const { rows } = await database.pool.query<{ id: number }>(
    `SELECT id FROM run WHERE status = 'ready' ORDER BY id DESC LIMIT 1`,
  );
  const claimed = await database.transaction(async (client) => {
    await client.query('SELECT FROM run WHERE id = $1 FOR UPDATE', [rows[0]?.id]);
    const claiming = claimSubtasks(platform.platform, runnerId, 1);
    for (;;) {
      const { rowCount } = await client.query(
        `UPDATE subtask SET status = 'ready', runner_id = NULL WHERE run_id = $1 AND status = 'running'`,
        [rows[0]?.id],
      );
      if (rowCount === 1) return { claiming };
    }
  });
  expect(await claimed.claiming).toEqual([]);
});
