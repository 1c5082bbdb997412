import { parentPort } from 'node:worker_threads';
import { messageOf, type ThreadMessage } from './thread-messages.ts';

/**
 * Turns the file that calls it, once loaded, into the thread of a `ThreadPool`.
 * @param handle gets the pool's tasks, one at a time, and returns their answers
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
