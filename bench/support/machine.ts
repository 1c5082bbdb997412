/** The machine that the figures were measured on. */
import { mkdtemp, open, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { version } from '../../src/version.ts';
import { median } from './statistics.ts';

const syncs = 200;

/** Median time of one small synced write: the minimum time of every commit. */
async function syncMilliseconds(): Promise<number> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'chela-bench-sync-'));
  const file = await open(path.join(folder, 'file'), 'w');
  const page = Buffer.alloc(8192);
  const times: number[] = [];
  try {
    for (let count = 0; count < syncs; count += 1) {
      const start = performance.now();
      await file.write(page, 0, page.length, 0);
      await file.datasync();
      times.push(performance.now() - start);
    }
  } finally {
    await file.close();
    await rm(folder, { recursive: true, force: true });
  }
  return median(times);
}

async function postgresVersion(databaseUrl: string): Promise<string> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version ?? '';
  } finally {
    await client.end();
  }
}

/** Two lines of Markdown. */
export async function describeMachine(databaseUrl: string): Promise<string> {
  const gibibytes = (os.totalmem() / 1024 ** 3).toFixed(0);
  const model = os.cpus()[0]?.model.trim() ?? 'processor unknown';
  const sync = (await syncMilliseconds()).toFixed(2);
  return [
    `Machine: ${os.availableParallelism()} cores (${model}), ${gibibytes} GiB, ${os.type()} ${os.release()}, ${sync} ms for a synced write.`,
    `Versions: Chela ${version}, Node ${process.versions.node}, PostgreSQL ${await postgresVersion(databaseUrl)}.`,
  ].join('  \n');
}
