/** What clients cost that follow runs in which nothing happens. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { Bench } from '../bench.ts';
import { processorSeconds } from '../support/process-tree.ts';
import { median } from '../support/statistics.ts';
import type { StoredRuns } from '../support/stored-runs.ts';

const storedRuns = 10_000;
const streamCount = 500;
const settleMilliseconds = 3000;
const roundMilliseconds = 5000;
const rounds = 5;
const targetPercent = 3;

/** Makes the newest runs look as if their workers were silent. @returns their slugs */
async function silentRuns({ databaseUrl }: StoredRuns): Promise<string[]> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ slug: string }>(
      `UPDATE run SET status = 'running', finished_at = NULL, result_count = 0
       WHERE id IN (SELECT id FROM run ORDER BY id DESC LIMIT $1) RETURNING slug`,
      [streamCount],
    );
    return rows.map(({ slug }) => slug);
  } finally {
    await client.end();
  }
}

/** Follows a run. @returns the connection, after its first event */
async function follow({ port, headers }: StoredRuns, slug: string): Promise<IncomingMessage> {
  const request = get({ port, headers, path: `/api/v2/worker-runs/${slug}/events`, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`an event stream was answered ${response.statusCode}`);
  await once(response, 'data');
  response.on('error', () => undefined);
  return response.resume();
}

export const streams: Bench = {
  name: 'streams',
  async measure(workbench) {
    const [installation, stored] = [await workbench.installation(), await workbench.storedRuns(storedRuns)];
    // The installation's processes include PostgreSQL.
    const roots = [installation.processId, stored.processId];
    const usedSeconds = async (): Promise<number> =>
      (await Promise.all(roots.map(processorSeconds))).reduce((sum, seconds) => sum + seconds, 0);
    const percent = async (): Promise<number> => {
      const shares: number[] = [];
      await delay(settleMilliseconds);
      for (let round = 0; round < rounds; round += 1) {
        const [from, start] = [await usedSeconds(), performance.now()];
        await delay(roundMilliseconds);
        shares.push((((await usedSeconds()) - from) / ((performance.now() - start) / 1000)) * 100);
      }
      return median(shares);
    };
    const idle = await percent();
    const slugs = await silentRuns(stored);
    const open = await Promise.all(slugs.map((slug) => follow(stored, slug)));
    const following = await percent();
    for (const response of open) response.destroy();
    const more = Math.max(0, following - idle);
    return [
      {
        benchmark: `${streamCount} event streams of silent runs`,
        measured: `${following.toFixed(1)} % of a processor`,
        baseline: `the same installation without streams: ${idle.toFixed(1)} %`,
        result: `${more.toFixed(1)} % more`,
        target: `under ${targetPercent} % more`,
        isMet: more < targetPercent,
        notes:
          'One statement looks at all followed runs of a process, so streams without events cost next to nothing.',
      },
    ];
  },
};
