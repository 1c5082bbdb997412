/** Opens the DevTools pipe of a browser that is starting. */
import type { Socket } from 'node:net';
import type { BrowserFence } from './browser-fence.ts';

const firstQuestion = { id: 1, method: 'Browser.getVersion' } as const;

/**
 * Waits until the browser answers.
 * @returns its pipe, paused after the answer
 * @throws BrowserError with the browser's last output if it ends first
 */
export async function startPipe(fence: BrowserFence): Promise<Socket> {
  const pipe = await fence.connection();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onData = (chunk: Buffer): void => {
    if (!chunk.includes(0)) return;
    pipe.off('data', onData).pause();
    resolve();
  };
  pipe.on('data', onData);
  pipe.once('close', () => void fence.ended.then(() => reject(fence.failure())));
  pipe.write(`${JSON.stringify(firstQuestion)}\0`);
  await promise;
  return pipe;
}
