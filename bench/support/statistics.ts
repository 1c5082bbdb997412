/** Medians, and alternating rounds of two candidates, so that other load on the machine affects both alike. */

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) throw new RangeError('there is no median of no values');
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

export interface Comparison {
  /** Medians over all rounds. */
  readonly measured: number;
  readonly baseline: number;
  /** Median over the rounds of measured / baseline of one round. */
  readonly ratio: number;
  /** Median over the rounds of measured - baseline of one round. */
  readonly difference: number;
}

export function compare(measured: readonly number[], baseline: readonly number[]): Comparison {
  const pairs = measured.map((value, round) => ({ value, base: baseline[round] ?? Number.NaN }));
  return {
    measured: median(measured),
    baseline: median(baseline),
    ratio: median(pairs.map(({ value, base }) => value / base)),
    difference: median(pairs.map(({ value, base }) => value - base)),
  };
}

/** Measures both in every round: `measured` first in even rounds, `baseline` first in odd ones. */
export async function alternate(
  rounds: number,
  measured: () => Promise<number>,
  baseline: () => Promise<number>,
): Promise<Comparison> {
  const values: number[] = [];
  const bases: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    if (round % 2 === 0) {
      values.push(await measured());
      bases.push(await baseline());
    } else {
      bases.push(await baseline());
      values.push(await measured());
    }
  }
  return compare(values, bases);
}
