/** What runs and tasks are started with: reading it, trying it, starting a run with it. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { RunInput, RunPreview, StartedRun } from '../../../src/answers/runs.ts';
import { call, segment } from './client.ts';

export interface RunParameters {
  readonly custom: Readonly<Record<string, unknown>>;
  readonly system: Readonly<Record<string, unknown>>;
}

/** The body of what starts a run. */
export interface RunRequest {
  readonly input: { readonly parameters: RunParameters };
  /** The current one where absent. */
  readonly version?: string;
}

/** What a run or a task has stored. Its numbers are as long as they were sent. */
export interface StoredInput extends RunInput {
  readonly input: { readonly parameters?: Partial<RunParameters> } | null;
}

function storedInputQuery(path: string) {
  return queryOptions({
    queryKey: ['stored-input', path],
    queryFn: ({ signal }) => call<StoredInput>(`${path}/input`, { signal, isLossless: true }),
    // Comparing would copy the long numbers, which are objects.
    structuralSharing: false,
  });
}

export function inputOfRunQuery(slug: string) {
  return { ...storedInputQuery(`/worker-runs/${segment(slug)}`), staleTime: Infinity };
}

export function inputOfTaskQuery(slug: string) {
  return storedInputQuery(`/worker-tasks/${segment(slug)}`);
}

/** Checks a run without making it. @throws ApiError as starting it would */
export async function previewRun(
  workerId: string,
  body: RunRequest,
  signal: AbortSignal,
): Promise<RunPreview> {
  return call<RunPreview>(`/workers/${segment(workerId)}/runs/preview`, { body, signal });
}

export function useStartRun(workerId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: RunRequest) => call<StartedRun>(`/workers/${segment(workerId)}/runs`, { body }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['runs'] }),
  });
}
