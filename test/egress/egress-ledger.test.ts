import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { EgressLedger, type OpenSubtask } from '../../src/egress/egress.ts';
import type { RunHostList } from '../../src/answers/run-hosts.ts';
import { eventually } from '../platform/support/eventually.ts';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { heldClaim } from '../support/held-claim.ts';
import { recordEvents, type RecordedEvent } from '../support/recorded-events.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
  worker = await publishScriptedWorker(platform, 'Scripted');
});
afterAll(async () => platform.close());

interface TestRun {
  readonly id: number;
  readonly slug: string;
  /** Opens the ledger of a subtask. */
  readonly open: (subtask: number, ledger?: EgressLedger) => OpenSubtask;
}

function newLedger(limits?: {
  hostsPerSubtask: number;
  hostsPerRun: number;
  rowsPerRun: number;
}): EgressLedger {
  const { database, events } = platform.platform;
  return new EgressLedger({ database, events, ...(limits !== undefined && { limits }) });
}

async function makeRun(): Promise<TestRun> {
  const slug = await platform.runAsync(worker, { script: '', items: ['one', 'two', 'three'] });
  const { database } = platform.platform;
  const { rows } = await database.pool.query<{ id: number }>('SELECT id FROM run WHERE slug = $1', [slug]);
  const id = rows[0]?.id ?? 0;
  const shared = newLedger();
  const open = (subtask: number, ledger = shared): OpenSubtask =>
    ledger.open({
      runId: id,
      runSlug: slug,
      ...heldClaim(database, id, subtask),
      mask: (text) => text.replaceAll('s3cret', '***'),
    });
  return { id, slug, open };
}

async function hostsOf({ slug }: TestRun, query = ''): Promise<RunHostList> {
  const { data, message, code } = await platform.call<RunHostList>(`/worker-runs/${slug}/network${query}`);
  if (code !== 0) throw new Error(message);
  return data;
}

/** `host:port`, connections, bytes sent and received, of each host. */
function figures({ list }: RunHostList): unknown[] {
  return list.map(({ host, port, connections, sent_bytes: sent, received_bytes: received }) => [
    `${host}:${port}`,
    connections,
    sent,
    received,
  ]);
}

function failedStores(): RecordedEvent[] {
  const failed: RecordedEvent[] = [];
  const stop = recordEvents(platform.platform.events, (event) => {
    if (JSON.stringify(event.payload).includes('store-hosts')) failed.push(event);
  });
  onTestFinished(stop);
  return failed;
}

describe('the hosts of a run', () => {
  test('are listed with connections, bytes and refusals, by run and by subtask', async () => {
    const run = await makeRun();
    const [first, second] = [run.open(1), run.open(2)];
    const page = first.hosts.connected('WWW.Example.com.', 443);
    page.addSent(10);
    page.addReceived(500);
    first.hosts.connected('www.example.com', 443);
    first.hosts.refused('10.0.0.1', 80, 'private_address');
    second.hosts.connected('www.example.com', 443).addReceived(1);
    second.hosts.connected('2606:4700:0:0:0:0:0:1111', 8443).addSent(20);
    second.hosts.refused('2606:4700::1111', 8443, 'no_answer');
    second.hosts.refused('2606:4700::1111', 8443, 'connection_refused');
    second.hosts.refused('2606:4700::1111', 8443, 'connection_refused');
    await Promise.all([first.close(), second.close()]);

    const all = await hostsOf(run);
    expect(figures(all)).toEqual([
      ['www.example.com:443', 3, 10, 501],
      ['2606:4700::1111:8443', 1, 20, 0],
      ['10.0.0.1:80', 0, 0, 0],
    ]);
    expect(all.totals).toEqual({ connections: 4, refused: 4, sent_bytes: 30, received_bytes: 501 });
    expect(all.list[1]?.refusals).toEqual([
      { reason: 'connection_refused', count: 2 },
      { reason: 'no_answer', count: 1 },
    ]);
    expect(figures(await hostsOf(run, '?subtask=1'))).toEqual([
      ['www.example.com:443', 2, 10, 500],
      ['10.0.0.1:80', 0, 0, 0],
    ]);
    expect(figures(await hostsOf(run, '?keyword=EXAMPLE'))).toEqual([['www.example.com:443', 3, 10, 501]]);
    expect(figures(await hostsOf(run, '?sort=host&limit=1&offset=2'))).toEqual([
      ['2606:4700::1111:8443', 1, 20, 0],
    ]);
    expect((await hostsOf(run, '?sort=-refused')).list[0]?.refused).toBe(3);
  });

  test('are complete when a subtask ends, although another one still transfers', async () => {
    const run = await makeRun();
    const [first, second] = [run.open(1), run.open(2)];
    const endless = second.hosts.connected('endless.example', 443);
    let isTransferring = true;
    const transfer = (): void => {
      endless.addReceived(1);
      if (isTransferring) setImmediate(transfer);
    };
    transfer();
    onTestFinished(() => void (isTransferring = false));
    first.hosts.connected('www.example.com', 443).addReceived(5);
    await first.close();
    expect(figures(await hostsOf(run, '?subtask=1'))).toEqual([['www.example.com:443', 1, 0, 5]]);
    isTransferring = false;
    await second.close();
  });

  test('are not shown to other accounts', async () => {
    const run = await makeRun();
    const { key } = await platform.otherAccount('stranger');
    expect(await platform.call(`/worker-runs/${run.slug}/network`, { key })).toMatchObject({ status: 404 });
    expect(await platform.call('/worker-runs/last/network')).toMatchObject({ status: 200 });
    expect(await platform.call(`/workers/${worker}/runs/last/network`)).toMatchObject({ status: 200 });
  });

  test('have printable names without secrets, however long', async () => {
    const run = await makeRun();
    const subtask = run.open(1);
    for (const host of ['a\0b\nc\ud800', 'x-s3cret-y', `${'y'.repeat(252)}😀`, ''])
      subtask.hosts.refused(host, 70_000, 'malformed_target');
    await subtask.close();
    const names = (await hostsOf(run)).list.map(({ host }) => host);
    expect(names.toSorted()).toEqual(['?', 'a�b�c�', 'x-***-y', `${'y'.repeat(252)}�`]);
  });

  test('beyond the limits are summed, and so are subtasks', async () => {
    const run = await makeRun();
    const ledger = newLedger({ hostsPerSubtask: 3, hostsPerRun: 4, rowsPerRun: 5 });
    const first = run.open(1, ledger);
    for (let number = 0; number < 10; number += 1)
      first.hosts.connected(`a${number}.example`, 443).addSent(1);
    await first.close();
    // Another runner knows what the first has stored.
    const second = run.open(2, newLedger({ hostsPerSubtask: 3, hostsPerRun: 4, rowsPerRun: 5 }));
    for (const host of ['a0.example', 'b.example', 'c.example']) second.hosts.connected(host, 443);
    await second.close();

    const all = await hostsOf(run, '?sort=-connections');
    expect(figures(all)).toEqual([
      ['a0.example:443', 2, 1, 0],
      ['a1.example:443', 1, 1, 0],
      ['a2.example:443', 1, 1, 0],
      [':0', 9, 7, 0],
    ]);
    expect(all.list.map(({ is_other }) => is_other)).toEqual([false, false, false, true]);
    expect(figures(await hostsOf(run, '?subtask=2'))).toEqual([['a0.example:443', 1, 0, 0]]);
  });

  test('are kept while the database refuses to store them', async () => {
    const run = await makeRun();
    const { pool } = platform.platform.database;
    const failed = failedStores();
    await pool.query('ALTER TABLE run_host RENAME TO run_host_away');
    const subtask = run.open(1);
    subtask.hosts.connected('kept.example', 443).addSent(5);
    await eventually(async () => failed[0]);
    await pool.query('ALTER TABLE run_host_away RENAME TO run_host');
    await eventually(async () => ((await hostsOf(run)).count === 1 ? true : undefined));
    await subtask.close();
    expect(figures(await hostsOf(run))).toEqual([['kept.example:443', 1, 5, 0]]);
  });

  test('are added up when several runners store them at once', async () => {
    const run = await makeRun();
    const names = Array.from({ length: 50 }, (_, number) => `h${number}.example`);
    await Promise.all(
      [1, 1, 2, 3].map(async (number) => {
        const subtask = run.open(number, newLedger());
        for (const name of number === 2 ? names.toReversed() : names)
          subtask.hosts.connected(name, 80).addReceived(2);
        await subtask.close();
      }),
    );
    expect((await hostsOf(run)).totals).toMatchObject({ connections: 200, received_bytes: 400 });
  });

  test('are removed with the run, and no longer stored', async () => {
    const run = await makeRun();
    const failed = failedStores();
    const subtask = run.open(1);
    subtask.hosts.connected('one.example', 443);
    await eventually(async () => ((await hostsOf(run)).count === 1 ? true : undefined));
    const { pool } = platform.platform.database;
    await pool.query('DELETE FROM run WHERE id = $1', [run.id]);
    subtask.hosts.connected('two.example', 443);
    await subtask.close();
    expect((await pool.query('SELECT FROM run_host WHERE run_id = $1', [run.id])).rowCount).toBe(0);
    expect(failed).toEqual([]);
  });
});
