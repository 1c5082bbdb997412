/** Memory of a process and its descendants, as Linux counts it. */
import { readFile } from 'node:fs/promises';
import { processTree } from './process-tree.ts';

/** Proportional set size of a process tree: memory that several processes share is counted once. */
export async function treeMemory(rootId: number): Promise<{ bytes: number; processes: number }> {
  const tree = await processTree(rootId);
  const sizes = await Promise.all(
    tree.map(async (id) => {
      const rollup = await readFile(`/proc/${id}/smaps_rollup`, 'latin1').catch(() => '');
      return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
    }),
  );
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), processes: tree.length };
}
