/** Full disks: of PostgreSQL, of the data folder, of a runner's cache and scratch folders. */
import { runnerNames } from '../cluster/cluster.ts';
import type { Fault } from './fault.ts';

function fullDisk(name: string, targets: readonly string[], weight: number): Fault {
  return {
    name,
    weight,
    targets,
    leases: [0.3, 2],
    isNoticedBy: 'working again',
    begin: async (cluster, target) => cluster.disk(target).fill(),
    end: async (cluster, target) => cluster.disk(target).free(),
  };
}

export const diskFaults: readonly Fault[] = [
  fullDisk("PostgreSQL's disk full", ['postgres'], 1),
  fullDisk('data disk full', ['data'], 1),
  fullDisk("runner's disk full", runnerNames, 1),
];
