/** The search parameters of lists: filters, order and page. Absent ones have their defaults. */
import type { AuditAction } from './api/audit-log.ts';
import type { RowQuery } from './api/row-queries.ts';
import type { RowChange } from './api/run-comparison.ts';
import type { SubtaskStatus } from './api/run-parts.ts';
import type { RunStateFilter } from './api/run-states.ts';
import type { RunTab } from './api/runs.ts';
import type { UsageMetric } from './api/statistics.ts';
import type { RangeName } from './components/charts/time-range.ts';

interface ListSearch {
  /** From 1. */
  readonly page?: number;
  /** Page size. */
  readonly size?: number;
  /** API name of the column, with `-` in front for descending. */
  readonly sort?: string;
}

export interface RunSearch extends ListSearch {
  readonly keyword?: string;
  /** `owner~name` */
  readonly worker?: string;
  /** Slug of a saved task. */
  readonly task?: string;
  readonly status?: RunStateFilter;
  readonly origin?: string;
  readonly label?: string;
  /** Only pinned runs. */
  readonly pinned?: true;
  /** YYYY-MM-DD in the reader's zone; both days are included. */
  readonly from?: string;
  readonly to?: string;
}

export interface RunPageSearch extends RowQuery {
  /** The results tab if absent. */
  readonly tab?: RunTab;
  /** Number of the subtask whose log is shown. */
  readonly subtask?: number;
  /** Filter of the listed subtasks. */
  readonly status?: SubtaskStatus;
  /** Number of the opened row, from 1. */
  readonly row?: number;
  /** Words to find in the log. */
  readonly find?: string;
}

/** Two runs side by side. */
export interface CompareSearch {
  /** Slug of the other run; the previous one of the worker if absent. */
  readonly with?: string;
  /** The column by which rows are paired. */
  readonly key?: string;
  /** Added, removed and changed rows if absent. */
  readonly change?: RowChange;
  readonly page?: number;
}

export interface TaskSearch extends ListSearch {
  readonly keyword?: string;
  readonly worker?: string;
  readonly schedule?: 'on' | 'off';
}

/** Tabs of a task's page, by their names in the URL. */
export const taskTabs = ['input', 'schedule', 'callbacks', 'runs'] as const;
export type TaskTab = (typeof taskTabs)[number];

export interface TaskPageSearch {
  /** The input tab if absent. */
  readonly tab?: TaskTab;
  /** Page of the listed runs, from 1. */
  readonly page?: number;
}

export interface AuditSearch extends Omit<ListSearch, 'sort'> {
  readonly action?: AuditAction;
  /** Name of an account. */
  readonly account?: string;
  /** YYYY-MM-DD in the reader's zone; both days are included. */
  readonly from?: string;
  readonly to?: string;
}

export interface UsageSearch extends ListSearch {
  readonly range?: RangeName;
  readonly metric?: UsageMetric;
  readonly worker?: string;
}

export interface VersionPageSearch {
  /** The files if absent. */
  readonly view?: 'changes';
  /** The version to compare with. */
  readonly since?: string;
  /** Path of the open file. */
  readonly file?: string;
}
