/** Turns that processes of this host take at something, such as a port or a folder. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { eventually } from '../platform/support/eventually.ts';

/** What hooks that take a turn may need. */
export const longestWaitMilliseconds = 600_000;

/**
 * Waits until no other process has the turn. It is given back when the process ends, however it ends. Linux only:
 * elsewhere it waits for nothing.
 * @returns gives the turn back
 */
export async function takeTurn(name: string): Promise<() => void> {
  const holder = createServer();
  if (process.platform !== 'linux') return () => undefined;
  await eventually(async () => {
    // A name of the kernel, not of the file system.
    holder.listen({ path: `\0chela-test-${name}` });
    await once(holder, 'listening');
    return true;
  }, longestWaitMilliseconds);
  return () => holder.close();
}
