/** Whether requests for the last run get slower as runs accumulate. */
import type { Bench } from '../bench.ts';
import { HttpLoad } from '../support/http-load.ts';
import type { StoredRuns } from '../support/stored-runs.ts';
import { alternate } from '../support/statistics.ts';

const few = 10_000;
const many = 1_000_000;
const roundMilliseconds = 2000;
const rounds = 9;
const target = 1.2;

export const lastRunGrowth: Bench = {
  name: 'last-run-growth',
  async measure(workbench) {
    const [small, large] = [await workbench.storedRuns(few), await workbench.storedRuns(many)];
    await using load = new HttpLoad();
    const latency = async ({ port, workerIds, headers }: StoredRuns): Promise<number> => {
      const { medianMilliseconds } = await load.run({
        port,
        headers,
        paths: workerIds.map((id) => `/api/v2/workers/${id}/runs/last`),
        connections: 1,
        milliseconds: roundMilliseconds,
      });
      return medianMilliseconds;
    };
    await alternate(
      1,
      () => latency(large),
      () => latency(small),
    );
    const { measured, baseline, ratio } = await alternate(
      rounds,
      () => latency(large),
      () => latency(small),
    );
    return [
      {
        benchmark: 'last run, growth',
        measured: `${many.toLocaleString('en')} runs: ${measured.toFixed(2)} ms`,
        baseline: `${few.toLocaleString('en')} runs: ${baseline.toFixed(2)} ms`,
        result: `${ratio.toFixed(2)} times the median latency`,
        target: `at most ${target}`,
        isMet: ratio <= target,
        notes: 'The response is as fast with a hundred times as many runs, since it takes one index lookup.',
      },
    ];
  },
};
