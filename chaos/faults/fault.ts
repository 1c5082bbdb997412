/** The contract of a kind of fault. */
import type { Cluster } from '../cluster/cluster.ts';

export interface Fault {
  readonly name: string;
  /** How often it occurs, relative to the others. */
  readonly weight: number;
  /** What it can hit: nodes, or `postgres` and the names of disks. */
  readonly targets: readonly string[];
  /** Its shortest and longest length, as multiples of the lease. */
  readonly leases: readonly [number, number];
  /** What tells how long the cluster took to notice it: that its runner was lost, or that it works again after the end. */
  readonly isNoticedBy: 'lost runner' | 'working again';
  /** Of faults that lose a runner: from how many leases on the runner has to be lost. */
  readonly losesRunnerFromLeases?: number;
  /** Why this machine cannot inject it. */
  readonly unavailable?: string;
  readonly begin: (cluster: Cluster, target: string) => Promise<void>;
  readonly end: (cluster: Cluster, target: string) => Promise<void>;
}
