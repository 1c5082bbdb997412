/** Whether lists of runs get slower as runs accumulate. */
import type { Bench } from '../bench.ts';
import { HttpLoad } from '../support/http-load.ts';
import { median } from '../support/statistics.ts';
import type { StoredRuns } from '../support/stored-runs.ts';

const few = 10_000;
const many = 1_000_000;
const pageSize = 20;
const roundMilliseconds = 700;
const rounds = 5;
const target = 3;

/** @param worker slug of any worker @param last number of the last page */
const queries = (worker: string, last: number): Readonly<Record<string, string>> => ({
  'first page': '',
  'middle page': `?offset=${Math.floor(last / 2)}`,
  'last page': `?offset=${last}`,
  'of a status': '?status=succeeded',
  'of a rare status': '?status=failed',
  'of a worker': `?worker_id=${worker}`,
  'by keyword': '?keyword=worker%207',
  'most results': '?sort=-results',
  longest: '?sort=-duration',
  'started last': '?sort=-started_at',
  'fewest results, last page': `?sort=results&offset=${last}`,
});

export const lists: Bench = {
  name: 'lists',
  async measure(workbench) {
    const sizes = [few, many] as const;
    const [small, large] = [await workbench.storedRuns(few), await workbench.storedRuns(many)];
    await using load = new HttpLoad();
    const latency = async ({ port, headers }: StoredRuns, query: string): Promise<number> => {
      const { medianMilliseconds } = await load.run({
        port,
        headers,
        paths: [`/api/v2/worker-runs${query}`],
        connections: 1,
        milliseconds: roundMilliseconds,
      });
      return medianMilliseconds;
    };
    const [ofSmall, ofLarge] = [small, large].map((stored, index) =>
      Object.entries(queries(stored.workerIds[6] ?? '', (sizes[index] ?? few) / pageSize)),
    ) as [[string, string][], [string, string][]];
    const ratios: { name: string; ratio: number; milliseconds: number; baseline: number }[] = [];
    for (const [index, [name, query]] of ofLarge.entries()) {
      const smallQuery = ofSmall[index]?.[1] ?? '';
      const measured: { large: number; small: number }[] = [];
      for (let round = 0; round <= rounds; round += 1) {
        const pair = { large: await latency(large, query), small: await latency(small, smallQuery) };
        // The first round prepares plans and fills caches.
        if (round > 0) measured.push(pair);
      }
      ratios.push({
        name,
        ratio: median(measured.map((pair) => pair.large / pair.small)),
        milliseconds: median(measured.map((pair) => pair.large)),
        baseline: median(measured.map((pair) => pair.small)),
      });
    }
    const worst = ratios.toSorted((one, other) => other.ratio - one.ratio)[0];
    if (worst === undefined) throw new Error('no list was measured');
    const figures = (value: (measured: (typeof ratios)[number]) => number): string =>
      ratios.map((measured) => `${measured.name} ${value(measured).toFixed(1)}`).join(', ');
    return [
      {
        benchmark: 'lists of runs, growth',
        measured: `${many.toLocaleString('en')} runs, in ms: ${figures(({ milliseconds }) => milliseconds)}`,
        baseline: `${few.toLocaleString('en')} runs: ${figures(({ baseline }) => baseline)}`,
        result: `at most ${worst.ratio.toFixed(1)} times (${worst.name})`,
        target: `at most ${target} times`,
        isMet: worst.ratio <= target,
        notes: 'Runs are counted as they change, and the counts by day tell where a page begins.',
      },
    ];
  },
};
