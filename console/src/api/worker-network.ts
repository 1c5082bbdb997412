/** The hosts that an own worker may connect to. */
import { queryOptions } from '@tanstack/react-query';
import type { WorkerNetwork } from '../../../src/answers/worker-network.ts';
import { call, segment } from './client.ts';
import { workersKey } from './workers.ts';

export type { WorkerNetwork } from '../../../src/answers/worker-network.ts';

export function workerNetworkQuery(workerId: string) {
  return queryOptions({
    queryKey: [...workersKey, 'network', workerId],
    queryFn: ({ signal }) => call<WorkerNetwork>(`/workers/${segment(workerId)}/network`, { signal }),
    // Unsaved changes of the list must not be lost.
    refetchOnWindowFocus: false,
  });
}
