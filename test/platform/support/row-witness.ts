/**
 * A worker script that pushes rows endlessly and records, independently of the platform, which of them the platform
 * acknowledged: in a file of the sandbox's home, which the host keeps when everything is killed.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** Rows that are not acknowledged yet, at most: rows arrive in the order of n, give or take this many. */
export const concurrentPushes = 8;

/** Rows `{n}`, n from 0. A refused push ends the worker with exit code 1. */
export const pushWithWitness = `
  const acknowledged = require('fs').openSync(process.env.HOME + '/acknowledged', 'a');
  let next = 0;
  const pushOn = async () => {
    for (;;) {
      const n = next++;
      await sdk.result.pushData({ n });
      require('fs').writeSync(acknowledged, n + '\\n');
    }
  };
  await Promise.all(Array.from({ length: ${concurrentPushes} }, pushOn));`;

/** The records of a runner's subtasks; one number per row. */
export async function acknowledgedRows(cacheDir: string, runnerProcessId: number): Promise<number[]> {
  const scratch = path.join(cacheDir, 'scratch');
  const own = (await readdir(scratch)).filter((name) => name.startsWith(`${runnerProcessId}-`));
  const texts = await Promise.all(
    own.map(async (name) => {
      const subtasks = await readdir(path.join(scratch, name));
      return Promise.all(
        subtasks.map(async (subtask) =>
          readFile(path.join(scratch, name, subtask, 'home', 'acknowledged'), 'utf8').catch(() => ''),
        ),
      );
    }),
  );
  return texts.flat().flatMap((text) => text.split('\n').filter(Boolean).map(Number));
}
