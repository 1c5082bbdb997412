import { parentPort } from 'node:worker_threads';
import { messageOf, type ThreadMessage } from './thread-messages.ts';

/**
 * Makes the file that calls it, once loaded, the thread of a `ThreadPool`.
 * @param handle gets the pool's tasks, one at a time, and answers as the pool expects
 */
export function serveTasks(handle: (task: never) => Promise<unknown>): void {
  const port = parentPort;
  if (port === null) throw new Error('tasks are served in a thread only');
  const say = (message: ThreadMessage<unknown>): void => port.postMessage(message);
  port.on('message', (task: unknown) => {
    void handle(task as never).then(
      (answer) => say({ kind: 'done', answer }),
      (error: unknown) => say(messageOf(error)),
    );
  });
  say({ kind: 'ready' });
}
