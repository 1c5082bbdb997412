/** The contract of a benchmark: a file of `rows/` that measures one promise and gives the lines of the table for it. */
import type { Installation } from './support/installation.ts';
import type { StoredRuns } from './support/stored-runs.ts';

export interface Line {
  readonly bench: string;
  readonly measured: string;
  readonly baseline: string;
  /** Measured against baseline, in the aim's terms. */
  readonly result: string;
  readonly aim: string;
  readonly isMet: boolean;
  /** One sentence on what the figure says to a user. */
  readonly meaning: string;
}

/** What benchmarks share; each part is made when it is first asked for. */
export interface Workbench {
  readonly folder: string;
  /** The connections of the API and of what it is compared with. */
  readonly poolSize: number;
  installation(): Promise<Installation>;
  storedRuns(count: number): Promise<StoredRuns>;
}

export interface Bench {
  /** To ask for it on the command line. */
  readonly name: string;
  measure(workbench: Workbench): Promise<Line[]>;
}
