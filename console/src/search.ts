/** What the addresses of lists hold: filters, order and page. What is not there has its default. */
import type { SubtaskStatus } from './api/run-parts.ts';
import type { RunStateFilter } from './api/run-states.ts';
import type { RunTab } from './api/runs.ts';
import type { UsageMetric } from './api/statistics.ts';
import type { RangeName } from './components/charts/time-range.ts';

interface ListSearch {
  /** From 1. */
  readonly page?: number;
  /** Items on a page. */
  readonly size?: number;
  /** What the API calls the column, with `-` in front from the largest down. */
  readonly sort?: string;
}

export interface RunSearch extends ListSearch {
  readonly keyword?: string;
  /** `owner~name` */
  readonly worker?: string;
  readonly status?: RunStateFilter;
  readonly origin?: string;
  /** YYYY-MM-DD in the reader's zone; both days count. */
  readonly from?: string;
  readonly to?: string;
}

export interface RunPageSearch {
  /** The results where absent. */
  readonly tab?: RunTab;
  /** Number of the one whose log is shown. */
  readonly subtask?: number;
  /** Of the subtasks that are listed. */
  readonly status?: SubtaskStatus;
  /** Words to find in the log. */
  readonly find?: string;
}

export interface TaskSearch extends ListSearch {
  readonly keyword?: string;
  readonly worker?: string;
  readonly schedule?: 'on' | 'off';
}

export interface UsageSearch extends ListSearch {
  readonly range?: RangeName;
  readonly metric?: UsageMetric;
  readonly worker?: string;
}
