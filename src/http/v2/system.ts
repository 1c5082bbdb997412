/** The state of the installation, for administrators. An extension of the published API. */
import { System } from '../../answers/system.ts';
import type { SystemState } from '../../system/system.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { unixSeconds } from './shapes.ts';

function systemShape(state: SystemState) {
  const { queue, database } = state;
  return {
    version: state.version,
    node_version: state.nodeVersion,
    sandbox: state.sandbox,
    hostname: state.hostname,
    operating_system: state.operatingSystem,
    processors: state.processors,
    memory: state.memoryBytes,
    used_memory: state.usedMemoryBytes,
    started_at: unixSeconds(state.startedAt),
    runners: state.runners.map((runner) => ({
      id: runner.id,
      hostname: runner.hostname,
      process_id: runner.processId,
      version: runner.version,
      node_version: runner.nodeVersion,
      sandbox: runner.sandbox,
      slots: runner.slots,
      running: runner.running,
      started_at: unixSeconds(runner.startedAt),
      heartbeat_at: unixSeconds(runner.heartbeatAt),
      is_alive: runner.isAlive,
    })),
    queue: {
      waiting_subtasks: queue.waiting,
      running_subtasks: queue.running,
      oldest_waiting_since: unixSeconds(queue.oldestWaitingSince),
      accounts: queue.accounts.map(({ name, waiting, running }) => ({
        name,
        waiting_subtasks: waiting,
        running_subtasks: running,
      })),
    },
    database: {
      version: database.version,
      is_embedded: database.isEmbedded,
      started_at: unixSeconds(database.startedAt),
      size: database.sizeBytes,
      connections: database.connections,
      tables: database.tables.map(({ name, sizeBytes, rows }) => ({ name, size: sizeBytes, rows })),
    },
    disks: state.disks.map(({ folder, path, totalBytes, freeBytes }) => ({
      folder,
      path,
      total: totalBytes,
      free: freeBytes,
    })),
    jobs: state.jobs.map(({ kind, waiting, later, active }) => ({ kind, waiting, later, active })),
    events: state.events.map((counted) => ({
      event: counted.event,
      work: counted.work ?? '',
      count: counted.count,
    })),
  };
}

export function addSystemOperations(app: ApiApp, { system }: ApiContext): void {
  app.get(
    '/system',
    operation({
      id: 'getSystem',
      tag: 'system',
      summary: 'Get system',
      description:
        'Returns runners, queue, database, disks, jobs, events and versions of the installation, as seen by the answering process. For administrators. An extension of the published API.',
      admin: true,
      data: System,
    }),
    async (request) => success(request, systemShape(await system.state())),
  );
}
