/** The output of workers while the database is slow. */
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { eventually } from './support/eventually.ts';
import { publishScriptedWorker } from './support/scripted-worker.ts';

const items = ['one'];
const mebibyte = 1024 * 1024;

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform({ logLinesPerSecond: 1_000_000 });
  worker = await publishScriptedWorker(platform, 'Printing');
  await platform.runSync(worker, { script: '', items });
});
afterAll(async () => platform.close());

test(
  'lines printed while the database is slow are buffered in the worker on both outputs, and kept',
  { timeout: 120_000 },
  async () => {
    const lines = { count: 500, length: 60_000 };
    const printing = `let printed = 0;
      const print = async (stream) => {
        for (let n = 0; n < ${lines.count}; n += 1) await new Promise((written) => stream.write('x'.repeat(${lines.length}) + '\\n', () => {
          printed += ${lines.length}; process.send(printed); written(); }));
      };
      Promise.all([print(process.stdout), print(process.stderr)]).then(() => process.disconnect());`;
    // A process of its own prints, because a write blocks the process while the database is slow.
    const script = `const { spawn } = require('node:child_process');
      const child = spawn(process.execPath, ['-e', ${JSON.stringify(printing)}], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      let printed = 0;
      child.on('message', (sum) => { printed = sum; });
      const ended = new Promise((exited) => child.once('exit', exited));
      for (let seen = -1; seen !== printed;) { seen = printed; await new Promise((later) => setTimeout(later, 2000)); }
      await sdk.result.pushData({ printed });
      await ended;`;
    const locker = new Client({ connectionString: platform.databaseUrl });
    await locker.connect();
    await locker.query('BEGIN');
    await locker.query('LOCK TABLE log_line IN EXCLUSIVE MODE');
    const slug = await platform.runAsync(worker, { script, items });
    const row = await eventually(async () => (await platform.results(slug)).list[0], 60_000);
    await locker.query('COMMIT');
    await locker.end();
    expect(row['printed']).toBeLessThan(12 * mebibyte);
    expect(await platform.finished(slug)).toMatchObject({ status: 'succeeded' });
    const { rows } = await platform.platform.database.pool.query<{ kept: string }>(
      `SELECT count(*) AS kept FROM log_line JOIN run ON run.id = run_id WHERE run.slug = $1 AND length(content) = $2`,
      [slug, lines.length],
    );
    expect(Number(rows[0]?.kept)).toBe(2 * lines.count);
  },
);
