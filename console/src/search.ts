/** What the addresses of lists hold: filters, order and page. What is not there has its default. */
import type { RunStatus } from './api/runs.ts';
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
  readonly status?: RunStatus;
  readonly origin?: string;
  /** YYYY-MM-DD in the reader's zone; both days count. */
  readonly from?: string;
  readonly to?: string;
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
