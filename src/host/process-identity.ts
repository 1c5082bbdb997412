/** Identifies processes of this machine, even if the system reuses a process id. */
import { readFile, readlink } from 'node:fs/promises';

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

/**
 * Whether the process with this identity, on this machine, is certainly dead. A process that is stopped, or that this user
 * cannot look at, is not.
 */
export async function isDead(identity: string): Promise<boolean> {
  const [id = '', startTicks] = identity.split(' ');
  const processId = Number(id);
  if (!(processId > 0) || startTicks === undefined || startTicks === '') return false;
  try {
    process.kill(processId, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true;
  }
  const status = await readFile(`/proc/${processId}/stat`, 'latin1').catch(() => '');
  if (status === '') return false;
  const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
  return fields[19] !== startTicks || fields[0] === 'Z' || fields[0] === 'X';
}

/**
 * Distinguishes the boots of machines, and containers with their own process ids: within one of them, an identity belongs
 * to one process.
 * @returns '' if the system does not say
 */
export async function machineIdentity(): Promise<string> {
  try {
    const [boot, namespace] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'latin1'),
      readlink('/proc/self/ns/pid'),
    ]);
    return `${boot.trim()} ${namespace}`;
  } catch {
    return '';
  }
}

/** Whether the process with this identity is still running. One whose parent has not taken note of its end is not. */
export async function isRunning(identity: string): Promise<boolean> {
  const processId = Number.parseInt(identity, 10);
  return processId > 0 && (await processIdentity(processId)) === identity && !(await isDead(identity));
}
