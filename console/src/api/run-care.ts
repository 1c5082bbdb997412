/** Pins, labels and deletes runs, one or several. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { Run, RunLabels, RunOutcome, RunOutcomes } from '../../../src/answers/runs.ts';
import { call } from './client.ts';
import { runPath, runsKey } from './runs.ts';

export type { RunOutcome } from '../../../src/answers/runs.ts';

/** As in src/runs/labels.ts. */
export const maxLabels = 20;
export const maxLabelLength = 60;

/** The labels in use, the most frequent first. */
export const labelsQuery = queryOptions({
  queryKey: [...runsKey, 'labels'],
  queryFn: async ({ signal }) => (await call<RunLabels>('/run-labels', { signal })).list,
});

export interface RunChanges {
  readonly pinned?: boolean;
  readonly labels?: readonly string[];
}

export function useChangeRun(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (changes: RunChanges) => call<Run>(runPath(slug), { method: 'PUT', body: changes }),
    onSettled: () => client.invalidateQueries({ queryKey: runsKey }),
  });
}

export function useDeleteRun(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call<void>(runPath(slug), { method: 'DELETE' }),
    // The page of the run itself must not ask for it again.
    onSuccess: () => client.invalidateQueries({ queryKey: [...runsKey, 'list'] }),
  });
}

export type BulkAction = 'abort' | 'rerun' | 'delete' | 'update';

export interface BulkRequest {
  readonly slugs: readonly string[];
  readonly pinned?: boolean;
  readonly addLabels?: readonly string[];
  readonly removeLabels?: readonly string[];
}

/** Does something with several runs. Each has an outcome of its own. */
export function useBulk(action: BulkAction) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({
      slugs,
      pinned,
      addLabels,
      removeLabels,
    }: BulkRequest): Promise<readonly RunOutcome[]> => {
      const body = { run_slugs: slugs, pinned, add_labels: addLabels, remove_labels: removeLabels };
      return (await call<RunOutcomes>(`/worker-runs/${action}`, { body })).results;
    },
    onSettled: () => client.invalidateQueries({ queryKey: runsKey }),
  });
}
