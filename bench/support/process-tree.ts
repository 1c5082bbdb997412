/** Processes and their descendants, and the processor time they have used. */
import { readdir, readFile } from 'node:fs/promises';

/** Linux reports processor time in this unit. */
const ticksPerSecond = 100;

/** Fields of `/proc/PID/stat` from the third one on; none if the process has ended. */
async function statFields(processId: number): Promise<string[]> {
  const stat = await readFile(`/proc/${processId}/stat`, 'latin1').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

async function parentOf(processId: number): Promise<number> {
  return Number((await statFields(processId))[1]);
}

/** Ids of a process and its descendants. */
export async function processTree(rootId: number): Promise<number[]> {
  const ids = (await readdir('/proc')).map(Number).filter((id) => id > 0);
  const parents = await Promise.all(ids.map(async (id) => ({ id, parent: await parentOf(id) })));
  const tree = [rootId];
  for (const root of tree) for (const { id, parent } of parents) if (parent === root) tree.push(id);
  return tree;
}

/** Seconds of processor time that the running processes of a tree have used. */
export async function processorSeconds(rootId: number): Promise<number> {
  const fields = await Promise.all((await processTree(rootId)).map(statFields));
  const ticks = fields.map(({ 11: user, 12: system }) => Number(user ?? 0) + Number(system ?? 0));
  return ticks.reduce((sum, value) => sum + value, 0) / ticksPerSecond;
}
