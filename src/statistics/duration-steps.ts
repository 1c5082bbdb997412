/**
 * Counts durations in logarithmic steps, four per doubling, so that percentiles of any number of runs need only a few
 * dozen counts, with an error of about a tenth.
 */

const stepsPerDoubling = 4;
const firstMilliseconds = 100;
const highestStep = 127;

/** SQL for the step of a duration. @param seconds SQL expression for the duration in seconds */
export function durationStepSql(seconds: string): string {
  return `least(${highestStep}, greatest(0,
    floor(${stepsPerDoubling} * log(2, greatest(${seconds}, 0.001)::numeric * 1000 / ${firstMilliseconds}))))::smallint`;
}

/** Start of a step in seconds. */
function stepStart(step: number): number {
  return (firstMilliseconds / 1000) * 2 ** (step / stepsPerDoubling);
}

/** Number of runs by step. */
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

/** Percentiles of the counted runs. */
export function percentiles(counts: DurationCounts): Percentiles {
  const steps = [...counts].toSorted(([left], [right]) => left - right);
  const total = steps.reduce((sum, [, count]) => sum + count, 0);
  return {
    p50: percentile(steps, total, 0.5),
    p90: percentile(steps, total, 0.9),
    p99: percentile(steps, total, 0.99),
  };
}
