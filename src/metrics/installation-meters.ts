/** Gauges that are read for each scrape: the pool and disks of this process, and the queue of the database. */
import { Gauge, type Registry } from 'prom-client';
import type { Pool } from 'pg';
import type { DiskState } from '../system/system.ts';
import type { QueueFigures } from './queue-figures.ts';

interface Sources {
  readonly figures: () => Promise<QueueFigures | undefined>;
  readonly pool: Pick<Pool, 'totalCount' | 'idleCount' | 'waitingCount'>;
  readonly poolSize: number;
  readonly disks: () => Promise<readonly DiskState[]>;
}

/** @returns a function that reads the figures anew; it never rejects */
export function meterInstallation(registry: Registry, sources: Sources): () => Promise<void> {
  const refreshPool = meterPool(registry, sources);
  const refreshDisks = meterDisks(registry, sources);
  const refreshQueue = meterQueue(registry, sources);
  return async () => {
    refreshPool();
    await Promise.all([refreshDisks(), refreshQueue()]);
  };
}

function gauge<Label extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly Label[] = [],
): Gauge<Label> {
  return new Gauge({ name, help, labelNames, registers: [registry] });
}

function meterPool(registry: Registry, { pool, poolSize }: Sources): () => void {
  const connections = gauge(
    registry,
    'chela_database_pool_connections',
    'Connections of this process to the database',
    ['state'],
  );
  gauge(registry, 'chela_database_pool_size', 'Maximum connections of this process').set(poolSize);
  const waiting = gauge(
    registry,
    'chela_database_pool_waiting',
    'Statements of this process that wait for a connection',
  );
  return () => {
    connections.set({ state: 'idle' }, pool.idleCount);
    connections.set({ state: 'used' }, pool.totalCount - pool.idleCount);
    waiting.set(pool.waitingCount);
  };
}

function meterDisks(registry: Registry, { disks }: Sources): () => Promise<void> {
  const size = gauge(registry, 'chela_disk_size_bytes', 'Size of the disk of a folder', ['folder']);
  const used = gauge(registry, 'chela_disk_used_bytes', 'Used bytes of the disk of a folder', ['folder']);
  const free = gauge(registry, 'chela_disk_free_bytes', 'Free bytes on the disk of a folder', ['folder']);
  return async () => {
    // A disk that is gone must not hide the other figures.
    const found = await disks().catch(() => []);
    for (const each of [size, used, free]) each.reset();
    for (const { folder, totalBytes, freeBytes, usedBytes } of found) {
      size.set({ folder }, totalBytes);
      used.set({ folder }, usedBytes);
      free.set({ folder }, freeBytes);
    }
  };
}

/** Figures of the whole installation, from the database. Every process shows the same ones, so they must not be added. */
function meterQueue(registry: Registry, { figures }: Sources): () => Promise<void> {
  const up = gauge(
    registry,
    'chela_database_up',
    'Whether the database answered this scrape; if not, its figures are missing',
  );
  const gauges: Readonly<Record<Exclude<keyof QueueFigures, 'jobs'>, Gauge>> = {
    waiting: gauge(registry, 'chela_queue_waiting_subtasks', 'Subtasks that a free slot would take'),
    held: gauge(
      registry,
      'chela_queue_held_subtasks',
      'Subtasks beyond the concurrency limit of their run, which no free slot takes',
    ),
    running: gauge(registry, 'chela_queue_running_subtasks', 'Running subtasks'),
    oldestWaitSeconds: gauge(
      registry,
      'chela_queue_oldest_wait_seconds',
      'Since the oldest run with waiting subtasks was submitted; 0 if none waits',
    ),
    runners: gauge(registry, 'chela_runners', 'Runners with a valid lease'),
    slots: gauge(registry, 'chela_runner_slots', 'Slots of the runners with a valid lease'),
    queueItems: gauge(registry, 'chela_run_queue_items', 'Held runs in the run queues of accounts'),
    exports: gauge(registry, 'chela_exports_unfinished', 'Exports that are being made or wait for it'),
    databaseBytes: gauge(registry, 'chela_database_size_bytes', 'Size of the database'),
  };
  const jobs = gauge(registry, 'chela_jobs', 'Background jobs, due now, due later, or being done', [
    'kind',
    'state',
  ]);
  return async () => {
    const read = await figures();
    up.set(read === undefined ? 0 : 1);
    for (const [name, own] of Object.entries(gauges)) {
      if (read === undefined) own.remove();
      else own.set(read[name as keyof typeof gauges]);
    }
    jobs.reset();
    for (const { kind, waiting, later, active } of read?.jobs ?? []) {
      jobs.set({ kind, state: 'waiting' }, waiting);
      jobs.set({ kind, state: 'later' }, later);
      jobs.set({ kind, state: 'active' }, active);
    }
  };
}
