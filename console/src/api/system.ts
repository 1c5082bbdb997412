/** The installation, for administrators. */
import { queryOptions } from '@tanstack/react-query';
import { call } from './client.ts';

export interface RunnerState {
  readonly id: number;
  readonly hostname: string;
  readonly process_id: number;
  readonly version: string;
  readonly node_version: string;
  readonly sandbox: string;
  readonly slots: number;
  readonly running: number;
  /** Unix seconds. */
  readonly started_at: number;
  /** Unix seconds. */
  readonly heartbeat_at: number;
  readonly is_alive: boolean;
}

/** Sizes are bytes, moments Unix seconds. */
export interface System {
  readonly version: string;
  readonly node_version: string;
  readonly sandbox: string;
  readonly hostname: string;
  readonly operating_system: string;
  readonly processors: number;
  readonly memory: number;
  readonly used_memory: number;
  readonly started_at: number;
  readonly runners: readonly RunnerState[];
  readonly queue: {
    readonly waiting_subtasks: number;
    readonly running_subtasks: number;
    /** 0 where nothing waits. */
    readonly oldest_waiting_since: number;
    readonly accounts: readonly {
      readonly name: string;
      readonly waiting_subtasks: number;
      readonly running_subtasks: number;
    }[];
  };
  readonly database: {
    readonly version: string;
    readonly is_embedded: boolean;
    readonly started_at: number;
    readonly size: number;
    readonly connections: number;
    readonly tables: readonly { readonly name: string; readonly size: number; readonly rows: number }[];
  };
  readonly disks: readonly {
    readonly folder: 'data' | 'cache';
    readonly path: string;
    readonly total: number;
    readonly free: number;
  }[];
  readonly jobs: readonly {
    readonly kind: string;
    readonly waiting: number;
    readonly later: number;
    readonly active: number;
  }[];
}

export const systemQuery = queryOptions({
  queryKey: ['system'],
  queryFn: ({ signal }) => call<System>('/system', { signal }),
  refetchInterval: 5000,
});
