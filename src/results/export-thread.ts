/** The thread that makes a large export: sends the file piece by piece, on request. */
import { parentPort, workerData } from 'node:worker_threads';
import { ChelaError } from '../errors.ts';
import { exportFile, type ExportOrder } from './export-file.ts';
import type { ExportMessage } from './export-stream.ts';

/** Grants one piece per request. */
class Requests {
  #asked = 0;
  #wake: () => void = () => undefined;

  ask(): void {
    this.#asked += 1;
    this.#wake();
  }

  async next(): Promise<void> {
    while (this.#asked === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    this.#asked -= 1;
  }
}

function failureOf(error: unknown): ExportMessage {
  if (error instanceof ChelaError) return { kind: 'refused', key: error.key, message: error.message };
  const { stack, message, code } = error as Error & { code?: string };
  return { kind: 'failed', message, stack, code };
}

const port = parentPort;
if (port === null) throw new Error('this file is the thread of an export');
const requests = new Requests();
port.on('message', () => requests.ask());
function send(message: ExportMessage): void {
  port?.postMessage(message, message.kind === 'piece' ? [message.bytes.buffer] : []);
}
try {
  const onRows = (count: number, of: number): void => send({ kind: 'rows', count, of });
  for await (const bytes of exportFile(workerData as ExportOrder, onRows)) {
    await requests.next();
    send({ kind: 'piece', bytes });
  }
  send({ kind: 'end' });
} catch (error) {
  send(failureOf(error));
} finally {
  port.close();
}
