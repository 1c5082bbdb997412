/** The search parameters of a worker's page. */
import { runStateFilters, type RunStateFilter } from '../../api/run-states.ts';

export const workerTabs = ['input', 'readme', 'runs', 'tasks', 'versions', 'api', 'settings'] as const;
export type WorkerTab = (typeof workerTabs)[number];

export interface WorkerPageSearch {
  /** The input tab if absent. */
  readonly tab?: WorkerTab;
  /** Slug of the run whose input fills the form. */
  readonly from?: string;
  /** Slug of the task whose input fills the form. */
  readonly task?: string;
  /** The version whose form is shown, or that is expanded in the list of versions. */
  readonly version?: string;
  /** Filter of the listed runs. */
  readonly status?: RunStateFilter;
  readonly page?: number;
}

export function workerPageSearch(search: Readonly<Record<string, unknown>>): WorkerPageSearch {
  const tab = workerTabs.find((value) => value === search['tab'] && value !== 'input');
  const status = runStateFilters.find((value) => value === search['status']);
  const page = Number(search['page']);
  const text = (name: 'from' | 'task' | 'version'): Record<string, string> => {
    const value = search[name];
    return typeof value === 'string' && value !== '' ? { [name]: value } : {};
  };
  return {
    ...(tab !== undefined && { tab }),
    ...text('from'),
    ...text('task'),
    ...text('version'),
    ...(status !== undefined && { status }),
    ...(Number.isSafeInteger(page) && page > 1 && { page }),
  };
}
