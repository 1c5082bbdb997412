/** Memory of a process and its descendants, as Linux counts it. */
import { readdir, readFile } from 'node:fs/promises';

async function parentOf(processId: number): Promise<number> {
  const status = await readFile(`/proc/${processId}/stat`, 'latin1').catch(() => '');
  return Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[1]);
}

/** Ids of a process and its descendants. */
async function processTree(rootId: number): Promise<number[]> {
  const ids = (await readdir('/proc')).map(Number).filter((id) => id > 0);
  const parents = await Promise.all(ids.map(async (id) => ({ id, parent: await parentOf(id) })));
  const tree = [rootId];
  for (const root of tree) for (const { id, parent } of parents) if (parent === root) tree.push(id);
  return tree;
}

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
