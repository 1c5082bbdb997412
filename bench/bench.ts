/** The contract of a benchmark: a file in `rows/` that measures one performance target and returns its lines of the table. */
import type { Installation } from './support/installation.ts';
import type { StoredRuns } from './support/stored-runs.ts';

export interface Line {
  readonly benchmark: string;
  readonly measured: string;
  readonly baseline: string;
  /** The measured value compared with the baseline, in the terms of the target. */
  readonly result: string;
  readonly target: string;
  readonly isMet: boolean;
  /** One sentence that explains the figure to a user. */
  readonly notes: string;
}

/** What benchmarks share; each part is created on first use. */
export interface Workbench {
  readonly folder: string;
  /** The number of database connections of the API and of its baseline. */
  readonly poolSize: number;
  installation(): Promise<Installation>;
  storedRuns(count: number): Promise<StoredRuns>;
}

export interface Bench {
  /** Its name on the command line. */
  readonly name: string;
  measure(workbench: Workbench): Promise<Line[]>;
}
