/** Faults of the network between a node and everything else: PostgreSQL, clients, receivers of callbacks. */
import { apiNames, runnerNames } from '../cluster/cluster.ts';
import type { Cut } from '../cluster/network.ts';
import type { Fault } from './fault.ts';

function cutOf(name: string, how: Cut, targets: readonly string[]): Fault {
  return {
    name,
    weight: 2,
    targets,
    leases: [0.2, 4],
    ...(targets === runnerNames
      ? { isNoticedBy: 'lost runner', losesRunnerFromLeases: 2 }
      : { isNoticedBy: 'working again' }),
    begin: async (cluster, target) => cluster.network.cut(target, how),
    end: async (cluster, target) => cluster.network.mend(target, how),
  };
}

export const networkFaults: readonly Fault[] = [
  cutOf("runner's link down", 'link-down', runnerNames),
  cutOf("runner's packets dropped", 'silence', runnerNames),
  cutOf("API's link down", 'link-down', apiNames),
  cutOf("API's packets dropped", 'silence', apiNames),
];
