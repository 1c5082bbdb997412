/** Versions of the account's own worker, and the installation of their dependencies. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { Paged } from '../../../src/answers/pages.ts';
import type {
  Installation,
  InstallLog,
  WorkerVersion,
  WorkerVersionDetail,
} from '../../../src/answers/versions.ts';
import { apiPath, call, segment } from './client.ts';
import { readInputSchema } from './input-schema.ts';
import { workersKey } from './workers.ts';

export type { Finding, GitSource, Installation, WorkerVersion } from '../../../src/answers/versions.ts';
export type { InstallStatus } from '../../../src/workers/install-statuses.ts';

export function isInstalling({ status }: Installation): boolean {
  return status === 'waiting' || status === 'installing';
}

const liveMilliseconds = 1000;

function versionsPath(workerId: string): string {
  return `/workers/${segment(workerId)}/versions`;
}

export function versionsQuery(workerId: string, page: number) {
  return queryOptions({
    queryKey: [...workersKey, 'versions', workerId, page],
    queryFn: ({ signal }) =>
      call<Paged<WorkerVersion>>(versionsPath(workerId), { query: { offset: page, limit: 20 }, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      state.data?.list.some(({ install }) => isInstalling(install)) === true && liveMilliseconds,
  });
}

/** The newest 100 versions, for the form of a run. */
export function newestVersionsQuery(workerId: string) {
  return queryOptions({
    queryKey: [...workersKey, 'versions', workerId, 'newest'],
    queryFn: async ({ signal }) => {
      const query = { limit: 100 };
      return (await call<Paged<WorkerVersion>>(versionsPath(workerId), { query, signal })).list;
    },
    refetchInterval: ({ state }) =>
      state.data?.some(({ install }) => isInstalling(install)) === true && liveMilliseconds,
  });
}

/** Address of a version's package, a zip. */
export function packageAddress(workerId: string, version: string): string {
  return apiPath(`${versionsPath(workerId)}/${segment(version)}/package`);
}

/** The input schema of one version. */
export function versionSchemaQuery(workerId: string, version: string) {
  return queryOptions({
    queryKey: [...workersKey, 'versions', workerId, 'schema', version],
    queryFn: async ({ signal }) => {
      const path = `${versionsPath(workerId)}/${segment(version)}`;
      const detail = await call<WorkerVersionDetail>(path, { signal, isLossless: true });
      return readInputSchema(detail.input_schema);
    },
    // Comparing would copy the long numbers in defaults, because they are objects.
    structuralSharing: false,
  });
}

/** The log so far. While it grows, only new lines are requested. */
export function installLogQuery(workerId: string, version: string) {
  const queryKey = [...workersKey, 'versions', workerId, 'install-log', version];
  const path = `${versionsPath(workerId)}/${segment(version)}/install-log`;
  return queryOptions({
    queryKey,
    queryFn: async ({ signal, client }) => {
      let log = client.getQueryData<InstallLog>(queryKey);
      for (;;) {
        const after = log?.lines.at(-1)?.number ?? 0;
        const answer = await call<InstallLog>(path, { query: { after }, signal });
        // A new attempt starts a new log.
        if (log !== undefined && log.started_at !== answer.started_at && after > 0) {
          log = undefined;
          continue;
        }
        log = { ...answer, lines: [...(log?.lines ?? []), ...answer.lines] };
        if (answer.lines.length === 0 || isInstalling(answer)) return log;
      }
    },
    refetchInterval: ({ state }) => state.data !== undefined && isInstalling(state.data) && liveMilliseconds,
  });
}

export function useInstall(workerId: string, version: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () =>
      call<Installation>(`${versionsPath(workerId)}/${segment(version)}/install`, { method: 'POST' }),
    onSuccess: () => client.invalidateQueries({ queryKey: [...workersKey, 'versions', workerId] }),
  });
}

/** Makes a version current now, or once its dependencies are installed. */
export function useMakeCurrent(workerId: string, version: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () =>
      call<WorkerVersion>(`${versionsPath(workerId)}/${segment(version)}/make-current`, { method: 'POST' }),
    onSuccess: () => client.invalidateQueries({ queryKey: workersKey }),
  });
}
