import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { History } from '../../chaos/history/history.ts';
import { TallyReader } from '../../chaos/tally/tally-reader.ts';
import { eventually } from '../platform/support/eventually.ts';

/** A runner's cache, with the home of one worker. */
async function makeHome(): Promise<{ cacheDir: string; home: string }> {
  const cacheDir = await mkdtemp(path.join(tmpdir(), 'chela-test-tally-'));
  onTestFinished(() => rm(cacheDir, { recursive: true, force: true }));
  const home = path.join(cacheDir, 'scratch', '1-2', 'subtask', 'home');
  await mkdir(home, { recursive: true });
  return { cacheDir, home };
}

test('a tally is read to its end, also if the runner has removed it', async () => {
  const { cacheDir, home } = await makeHome();
  const problems: unknown[] = [];
  const reader = new TallyReader([cacheDir], (error) => problems.push(error));
  reader.start();
  const file = path.join(home, 'tally-token');
  await appendFile(file, '{"start":true}\n{"row":0}\n{"row":1}\n{"ro');
  await eventually(async () => (reader.tally.acknowledged === 2 ? true : undefined));
  await appendFile(file, 'w":2}\n{"line":0}\n{"upsert":"k","n":3}\n');
  await rm(home, { recursive: true });
  await reader.stop();

  const worker = reader.tally.workers.get('token');
  expect([...(worker?.rows ?? [])]).toEqual([0, 1, 2]);
  expect([...(worker?.lines ?? [])]).toEqual([0]);
  expect([...(worker?.upserts ?? [])]).toEqual([['k', 3]]);
  expect(problems).toEqual([]);
});

test('the history gets the acknowledged rows of all workers of a run together', async () => {
  const { cacheDir, home } = await makeHome();
  const reader = new TallyReader([cacheDir], () => undefined);
  await appendFile(path.join(home, 'tally-one'), '{"start":true}\n{"row":0}\n');
  await appendFile(path.join(home, 'tally-two'), '{"start":true}\n{"row":0}\n{"row":1}\n');
  await appendFile(path.join(home, 'tally-three'), '{"start":true}\n{"row":0}\n');
  await reader.stop();
  const history = new History();
  reader.tell(
    history,
    new Map([
      ['one', 'run'],
      ['two', 'run'],
    ]),
  );
  expect(history.of('acknowledged').at(-1)).toMatchObject({ run: 'run', rows: 3 });
  expect(history.of('acknowledged').every(({ run }) => run === 'run')).toBe(true);
});
