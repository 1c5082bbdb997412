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
  /** What the cluster has to notice while it lasts, if it lasts longer than a lease; otherwise, that it works again. */
  readonly isNoticedBy: 'lost runner' | 'working again';
  /** Why this machine cannot inject it. */
  readonly unavailable?: string;
  readonly begin: (cluster: Cluster, target: string) => Promise<void>;
  readonly end: (cluster: Cluster, target: string) => Promise<void>;
}
