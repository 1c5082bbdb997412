/** Identifies processes of this machine, even if the system reuses a process id. */
import { readFile } from 'node:fs/promises';

/** Id and start time of a process. @returns undefined if there is no such process */
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

/** Whether the process with this identity is still running. */
export async function isRunning(identity: string): Promise<boolean> {
  const processId = Number.parseInt(identity, 10);
  return processId > 0 && (await processIdentity(processId)) === identity;
}
