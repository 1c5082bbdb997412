/** The ledger of one subtask in memory. */
import { SubtaskHosts, type HostCount, type HostSums } from '../../../../src/egress/host-counts.ts';

export interface CountedHost extends HostSums {
  readonly host: string;
  readonly port: number;
  readonly outcome: string;
}

export interface CountedHosts {
  readonly ledger: SubtaskHosts;
  /** Everything counted so far, in the order of the first connection. */
  readonly counted: () => CountedHost[];
}

/** @param limit maximum number of hosts */
export function countHosts(limit = 100): CountedHosts {
  const sums = new Map<HostCount, HostSums>();
  const changed = new Set<HostCount>();
  const ledger = new SubtaskHosts({
    limit,
    mask: (text) => text,
    onChange: (count) => {
      changed.add(count);
      if (!sums.has(count)) sums.set(count, { connections: 0, sentBytes: 0, receivedBytes: 0 });
    },
  });
  const counted = (): CountedHost[] => {
    for (const count of changed) {
      const sum = sums.get(count);
      const taken = count.take();
      if (sum === undefined) continue;
      sum.connections += taken.connections;
      sum.sentBytes += taken.sentBytes;
      sum.receivedBytes += taken.receivedBytes;
    }
    changed.clear();
    return [...sums].map(([{ host, port, outcome }, sum]) => ({ host, port, outcome, ...sum }));
  };
  return { ledger, counted };
}
