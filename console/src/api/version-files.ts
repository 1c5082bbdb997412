/** The files of a version of the account's own worker, and what changed between two versions. */
import { queryOptions } from '@tanstack/react-query';
import type { VersionChanges, VersionFile, VersionFileList } from '../../../src/answers/version-files.ts';
import { call, segment } from './client.ts';
import { workersKey } from './workers.ts';

export type { ChangedEntry, VersionChanges, VersionFileList } from '../../../src/answers/version-files.ts';

function versionPath(workerId: string, version: string): string {
  return `/workers/${segment(workerId)}/versions/${segment(version)}`;
}

export function versionFilesQuery(workerId: string, version: string) {
  return queryOptions({
    queryKey: [...workersKey, 'versions', workerId, 'files', version],
    queryFn: ({ signal }) => call<VersionFileList>(`${versionPath(workerId, version)}/files`, { signal }),
  });
}

export function versionFileQuery(workerId: string, version: string, path: string) {
  return queryOptions({
    queryKey: [...workersKey, 'versions', workerId, 'file', version, path],
    queryFn: ({ signal }) =>
      call<VersionFile>(`${versionPath(workerId, version)}/files/text`, { query: { path }, signal }),
  });
}

/** @param since the version before */
export function versionChangesQuery(workerId: string, version: string, since: string) {
  return queryOptions({
    queryKey: [...workersKey, 'versions', workerId, 'changes', version, since],
    queryFn: ({ signal }) =>
      call<VersionChanges>(`${versionPath(workerId, version)}/changes`, { query: { since }, signal }),
  });
}
