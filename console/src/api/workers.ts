/** Workers: the store's and the account's own, one with its input schema, runs of it, uploads. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { call, segment } from './client.ts';
import type { Paged } from './paging.ts';

export interface WorkerSummary {
  readonly slug: string;
  readonly name: string;
  readonly username: string;
  /** `owner~name` */
  readonly path: string;
  readonly title: string;
  readonly description: string;
}

export const editors = [
  'input',
  'textarea',
  'number',
  'select',
  'radio',
  'checkbox',
  'switch',
  'datepicker',
  'requestList',
  'requestListSource',
  'stringList',
  'json',
] as const;
export type Editor = (typeof editors)[number];

export interface InputProperty {
  readonly name: string;
  readonly title?: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object';
  readonly editor?: Editor | null;
  readonly description?: string;
  readonly required?: boolean | null;
  readonly default?: unknown;
  readonly options?: readonly { readonly label?: string; readonly value: unknown }[];
  readonly multiple?: boolean;
  readonly param_list?: readonly {
    readonly param: string;
    readonly title?: string;
    readonly required?: boolean;
    readonly description?: string;
  }[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly placeholder?: string;
  /** Of a datepicker: how the date is shown, and how the worker gets it. */
  readonly format?: string;
  readonly valueFormat?: string;
  readonly sectionCaption?: string;
  readonly sectionDescription?: string;
}

export interface InputSchema {
  readonly description?: string;
  readonly properties: readonly InputProperty[];
}

/** Limits of a run. */
export interface SystemParameters {
  readonly cpus: number;
  /** MiB. */
  readonly memory: number;
  readonly execute_limit_time_seconds: number;
}

export interface WorkerDetail {
  readonly name: string;
  readonly username: string;
  readonly version: string;
  /** Markdown of whoever wrote the worker. */
  readonly readme: string;
  readonly parameters: { readonly custom: InputSchema; readonly system: SystemParameters };
}

export interface PublishedVersion {
  readonly slug: string;
  readonly path: string;
  readonly version: string;
  readonly warnings: readonly { readonly file: string; readonly field?: string; readonly message: string }[];
}

export type WorkerScope = 'store' | 'own';

const workersKey = ['workers'] as const;

export function workersQuery(scope: WorkerScope, keyword: string, page: number) {
  return queryOptions({
    queryKey: [...workersKey, scope, keyword, page],
    queryFn: ({ signal }) =>
      call<Paged<WorkerSummary>>(scope === 'store' ? '/store' : '/workers', {
        query: { keyword, offset: page, limit: 24 },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
}

export function workerQuery(workerId: string) {
  return queryOptions({
    queryKey: [...workersKey, 'one', workerId],
    queryFn: ({ signal }) =>
      call<WorkerDetail>(`/workers/${segment(workerId)}`, { signal, isLossless: true }),
    // Comparing would copy the long numbers of defaults, which are objects.
    structuralSharing: false,
  });
}

interface WorkerDescription {
  readonly title: string;
  readonly description: string;
}

/** How a worker is described, beside its detail. */
export function descriptionQuery(workerId: string) {
  return queryOptions({
    queryKey: [...workersKey, 'description', workerId],
    queryFn: ({ signal }) => call<WorkerDescription>(`/workers/${segment(workerId)}/internal`, { signal }),
  });
}

/** @param workerId the worker that gets a further version; undefined for a new worker */
export function useUpload(workerId: string | undefined) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ file, title }: { file: File; title: string }) => {
      const form = new FormData();
      if (title !== '') form.append('title', title);
      form.append('scraper_file', file);
      const path = workerId === undefined ? '/workers' : `/workers/${segment(workerId)}/versions`;
      return call<PublishedVersion>(path, { body: form });
    },
    onSuccess: () => client.invalidateQueries({ queryKey: workersKey }),
  });
}
