/** The inputs of runs and tasks: reading them, previewing a run, starting one. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { RunInput, RunPreview, StartedRun } from '../../../src/answers/runs.ts';
import { call, segment } from './client.ts';

export interface RunParameters {
  readonly custom: Readonly<Record<string, unknown>>;
  readonly system: Readonly<Record<string, unknown>>;
}

/** The body of a request that starts a run. */
export interface RunRequest {
  readonly input: { readonly parameters: RunParameters };
  /** The current version if absent. */
  readonly version?: string;
  /** That of the account if absent. */
  readonly callback_url?: string;
}

/** The stored input of a run or task. Its numbers keep all their digits. */
export interface StoredInput extends RunInput {
  readonly input: { readonly parameters?: Partial<RunParameters> } | null;
}

function storedInputQuery(path: string) {
  return queryOptions({
    queryKey: ['stored-input', path],
    queryFn: ({ signal }) => call<StoredInput>(`${path}/input`, { signal, isLossless: true }),
    // Comparing would copy the long numbers, because they are objects.
    structuralSharing: false,
  });
}

export function inputOfRunQuery(slug: string) {
  return { ...storedInputQuery(`/worker-runs/${segment(slug)}`), staleTime: Infinity };
}

/** The input of a held run, whether it waits, was started or discarded. */
export function inputOfQueueItemQuery(ref: string) {
  return { ...storedInputQuery(`/run-queue/items/${segment(ref)}`), staleTime: Infinity };
}

export function inputOfTaskQuery(slug: string) {
  return storedInputQuery(`/worker-tasks/${segment(slug)}`);
}

/** Checks a run without starting it. @throws ApiError as starting it would */
export async function previewRun(
  workerId: string,
  { input, version }: RunRequest,
  signal: AbortSignal,
): Promise<RunPreview> {
  return call<RunPreview>(`/workers/${segment(workerId)}/runs/preview`, { body: { input, version }, signal });
}

export function useStartRun(workerId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: RunRequest) => call<StartedRun>(`/workers/${segment(workerId)}/runs`, { body }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['runs'] }),
  });
}
