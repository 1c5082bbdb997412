/** Processes of this machine, told apart also where the system gives an id again. */
import { readFile } from 'node:fs/promises';

/** A process as its id and start. @returns undefined if none with this id runs */
export async function processIdentity(processId: number): Promise<string | undefined> {
  try {
    process.kill(processId, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  const status = await readFile(`/proc/${processId}/stat`, 'utf8').catch(() => '');
  const startTicks = status.slice(status.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return `${processId} ${startTicks}`;
}

/** Whether the process that had this identity still runs. */
export async function isRunning(identity: string): Promise<boolean> {
  const processId = Number.parseInt(identity, 10);
  return processId > 0 && (await processIdentity(processId)) === identity;
}
