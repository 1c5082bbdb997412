/** Templates, and publishing workers from files that are edited in the browser. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { StartedRun } from '../../../src/answers/runs.ts';
import type { PublishedVersion } from '../../../src/answers/versions.ts';
import type { WorkerTemplateDetail } from '../../../src/answers/worker-templates.ts';
import type { TemplateName } from '../../../src/templates/template-names.ts';
import { call, segment } from './client.ts';
import type { RunRequest } from './run-inputs.ts';
import { workersKey } from './workers.ts';

export type { WorkerTemplateDetail } from '../../../src/answers/worker-templates.ts';

export function templateQuery(name: TemplateName) {
  return queryOptions({
    queryKey: ['template', name],
    queryFn: ({ signal }) => call<WorkerTemplateDetail>(`/worker-templates/${name}`, { signal }),
    staleTime: Infinity,
  });
}

export interface WrittenFile {
  readonly path: string;
  readonly content: string;
}

interface NewWorker {
  readonly title: string;
  readonly files: readonly WrittenFile[];
}

interface EditedWorker {
  /** Slug or path of the worker. */
  readonly workerId: string;
  readonly base_version: string;
  readonly newest_version: string;
  readonly package_hash: string;
  readonly files: readonly WrittenFile[];
  readonly removed: readonly string[];
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
}

/** Publishes a new worker, or a new version. */
export function usePublishFiles() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (written: NewWorker | EditedWorker) => {
      if (!('workerId' in written)) return call<PublishedVersion>('/workers/files', { body: written });
      const { workerId, ...body } = written;
      return call<PublishedVersion>(`/workers/${segment(workerId)}/versions/files`, { body });
    },
    onSuccess: () => client.invalidateQueries({ queryKey: workersKey }),
  });
}

/** Starts a run of a worker that was just published. */
export function useStartPublished() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ path, request }: { path: string; request: RunRequest }) =>
      call<StartedRun>(`/workers/${segment(path)}/runs`, { body: request }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['runs'] }),
  });
}
