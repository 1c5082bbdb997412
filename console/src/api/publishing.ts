/** Publishes a package as a new worker, or as a new version of an existing one, from a zip or a git repository. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { PublishedVersion, PulledVersion } from '../../../src/answers/versions.ts';
import { ApiError, apiPath, call, changeHeaders, segment } from './client.ts';
import { workersKey } from './workers.ts';

export type { PublishedVersion } from '../../../src/answers/versions.ts';

interface ZipUpload {
  readonly zip: Blob;
  readonly title: string;
  /** Called with the share of the zip that has been sent, from 0 to 1. */
  readonly onProgress: (sent: number) => void;
}

export interface GitImport {
  readonly git_url: string;
  readonly git_ref?: string;
  readonly git_folder?: string;
  /** Used for this request only. */
  readonly git_token?: string;
  readonly title?: string;
}

/** Sends a form and reports progress, which `fetch` cannot do. @throws ApiError as `call` does */
async function sendForm<Data>(
  path: string,
  form: FormData,
  onProgress: (sent: number) => void,
): Promise<Data> {
  const request = new XMLHttpRequest();
  request.open('POST', apiPath(path));
  for (const [name, value] of Object.entries(changeHeaders())) request.setRequestHeader(name, value);
  request.upload.addEventListener('progress', ({ loaded, total }) => onProgress(loaded / total));
  const ended = new Promise<void>((resolve) => {
    request.addEventListener('loadend', () => resolve());
  });
  request.send(form);
  await ended;
  try {
    const envelope = JSON.parse(request.responseText) as ConstructorParameters<typeof ApiError>[1] & {
      readonly data: Data;
    };
    if (envelope.code === 0) return envelope.data;
    throw new ApiError(request.status, envelope);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError(request.status, {
      code: request.status,
      message: 'The server does not answer.',
      request_id: '',
    });
  }
}

function usePublishing<Variables, Data>(mutationFn: (variables: Variables) => Promise<Data>) {
  const client = useQueryClient();
  return useMutation({ mutationFn, onSuccess: () => client.invalidateQueries({ queryKey: workersKey }) });
}

/** @param workerId the worker that gets a new version; undefined for a new worker */
export function useUpload(workerId: string | undefined) {
  return usePublishing(async ({ zip, title, onProgress }: ZipUpload) => {
    const form = new FormData();
    if (title !== '') form.append('title', title);
    form.append('scraper_file', zip, 'package.zip');
    const path = workerId === undefined ? '/workers' : `/workers/${segment(workerId)}/versions`;
    return sendForm<PublishedVersion>(path, form, onProgress);
  });
}

/** @param workerId as for `useUpload` */
export function useGitImport(workerId: string | undefined) {
  return usePublishing((body: GitImport) => {
    const path = workerId === undefined ? '/workers/git' : `/workers/${segment(workerId)}/versions/git`;
    return call<PublishedVersion>(path, { body });
  });
}

/** Imports again from the repository of the newest version that came from git. */
export function useGitPull(workerId: string) {
  return usePublishing(() => call<PulledVersion>(`/workers/${segment(workerId)}/git/pull`, { body: {} }));
}
