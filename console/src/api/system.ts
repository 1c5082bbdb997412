/** The installation, for administrators. */
import { queryOptions } from '@tanstack/react-query';
import type { System } from '../../../src/answers/system.ts';
import { call } from './client.ts';

export type { RunnerState, System } from '../../../src/answers/system.ts';

export const systemQuery = queryOptions({
  queryKey: ['system'],
  queryFn: ({ signal }) => call<System>('/system', { signal }),
  refetchInterval: 5000,
});
