/** What the platform adds to starting the processes of many small runs. */
import { readConfig } from '../../src/configuration/configuration.ts';
import type { Bench } from '../bench.ts';
import { alternate } from '../support/statistics.ts';
import { layOutPackage, PlainWorker } from '../support/worker-package.ts';

const runsPerRound = 100;
const rounds = 5;
const submitsAtOnce = 8;
const target = 0.4;

/** Calls `work` `count` times, `atOnce` at a time. */
async function repeat(count: number, atOnce: number, work: () => Promise<unknown>): Promise<void> {
  let left = count;
  const takeTurns = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, takeTurns));
}

async function ratePerSecond(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return runsPerRound / ((performance.now() - start) / 1000);
}

export const manyRuns: Bench = {
  name: 'many-runs',
  async measure(workbench) {
    const installation = await workbench.installation();
    const { runnerSlots } = readConfig({});
    const packageDir = await layOutPackage(workbench.folder, 'nothing');
    const workerId = await installation.publish(packageDir, 'Nothing');
    const plain = await PlainWorker.prepare(packageDir, installation.cacheDir, 0);
    const asRuns = () =>
      ratePerSecond(() =>
        installation.settled(runsPerRound, () =>
          repeat(runsPerRound, submitsAtOnce, () => installation.runAsync(workerId, {})),
        ),
      );
    const asProcesses = () => ratePerSecond(() => repeat(runsPerRound, runnerSlots, () => plain.run()));
    await installation.runSync(workerId, {});
    const { measured, baseline, ratio } = await alternate(rounds, asRuns, asProcesses);
    return [
      {
        benchmark: `${runsPerRound * rounds} runs of a do-nothing worker`,
        measured: `${measured.toFixed(1)} runs/s`,
        baseline: `spawning the same processes, ${runnerSlots} at a time: ${baseline.toFixed(1)}/s`,
        result: `${ratio.toFixed(2)} of the baseline`,
        target: `at least ${target}`,
        isMet: ratio >= target,
        notes: 'Submit, queue, sandbox, log and outcome of each run, compared with only starting Node.',
      },
    ];
  },
};
