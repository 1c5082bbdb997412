/** Compares the open descriptors of the nodes with those that they had when they were new. */
import { readdir } from 'node:fs/promises';
import type { Cluster } from '../cluster/cluster.ts';
import type { Finding } from './finding.ts';

/** Connections to the database, to clients and to receivers may be open or not. A leak per run or request is larger. */
const tolerance = 80;

export type DescriptorCounts = ReadonlyMap<string, number>;

/** By the name of the node. */
export async function countDescriptors({ nodes }: Cluster): Promise<DescriptorCounts> {
  const counts = await Promise.all(
    Array.from(nodes.values(), async ({ name, program }) => {
      const descriptors = await readdir(`/proc/${program.processId}/fd`).catch(() => []);
      return [name, descriptors.length] as const;
    }),
  );
  return new Map(counts);
}

export function checkDescriptors(before: DescriptorCounts, after: DescriptorCounts): Finding[] {
  return Array.from(after, ([name, count]) => ({ name, count, earlier: before.get(name) ?? 0 }))
    .filter(({ count, earlier }) => count > earlier + tolerance)
    .map(({ name, count, earlier }): Finding => ({
      kind: 'left over',
      sentence: `${name} has ${count} open descriptors, and had ${earlier} when it was new`,
    }));
}
