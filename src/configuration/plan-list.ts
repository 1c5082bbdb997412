/** Parses the plans of the configuration: `free=2:prepaid,business=50,unlimited`. */

export interface Plan {
  readonly name: string;
  /** Maximum number of runs that are ready or running at the same time; undefined for no limit. */
  readonly concurrentRuns: number | undefined;
  /** Runs are paid from the balance. Once it is used up, no run can start. */
  readonly isPrepaid: boolean;
}

export type PlanList = ReadonlyMap<string, Plan>;

const planPattern = /^(?<name>[a-z][a-z0-9_-]{0,30})(?:=(?<runs>[1-9]\d{0,8}))?(?<prepaid>:prepaid)?$/;

/** @throws Error saying what was expected */
export function planList(text: string): PlanList {
  const plans = new Map<string, Plan>();
  for (const item of text.split(',').map((part) => part.trim())) {
    const groups = planPattern.exec(item)?.groups;
    const name = groups?.['name'];
    if (name === undefined || plans.has(name)) {
      throw new Error(
        'a comma-separated list of NAME, NAME=RUNS, NAME:prepaid or NAME=RUNS:prepaid, with unique lower-case names',
      );
    }
    const runs = groups?.['runs'];
    plans.set(name, {
      name,
      concurrentRuns: runs === undefined ? undefined : Number(runs),
      isPrepaid: groups?.['prepaid'] !== undefined,
    });
  }
  return plans;
}

export const defaultPlans = 'free=2,starter=5,pro=10,business=50,unlimited';
