/**
 * Durations are counted by steps, each a fourth of a doubling: so percentiles of any number of runs come from a few dozen
 * counts, and are right to about a tenth.
 */

const stepsPerDoubling = 4;
const firstMilliseconds = 100;
const highestStep = 127;

/** The step of a duration as SQL. @param seconds expression for it, a number of seconds */
export function durationStepSql(seconds: string): string {
  return `least(${highestStep}, greatest(0,
    floor(${stepsPerDoubling} * log(2, greatest(${seconds}, 0.001)::numeric * 1000 / ${firstMilliseconds}))))::smallint`;
}

/** Where a step begins, seconds. */
function stepStart(step: number): number {
  return (firstMilliseconds / 1000) * 2 ** (step / stepsPerDoubling);
}

/** How many runs each step has. */
export type DurationCounts = Map<number, number>;

export interface Percentiles {
  /** Seconds; 0 if no run counts. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

function percentile(steps: readonly (readonly [number, number])[], total: number, share: number): number {
  const wanted = total * share;
  let below = 0;
  for (const [step, count] of steps) {
    if (below + count >= wanted) return stepStart(step + (wanted - below) / count);
    below += count;
  }
  return 0;
}

/** Percentiles of the runs that were counted. */
export function percentiles(counts: DurationCounts): Percentiles {
  const steps = [...counts].toSorted(([left], [right]) => left - right);
  const total = steps.reduce((sum, [, count]) => sum + count, 0);
  return {
    p50: percentile(steps, total, 0.5),
    p90: percentile(steps, total, 0.9),
    p99: percentile(steps, total, 0.99),
  };
}
