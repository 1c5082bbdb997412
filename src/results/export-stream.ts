/**
 * An export as a stream, produced as fast as it is read. Large exports are made in a thread, so that formatting a
 * million rows blocks no request and has its own memory limit.
 */
import { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { ChelaError, type ErrorKey } from '../errors.ts';
import { exportFile, type ExportOrder, type OnRows } from './export-file.ts';

/** Messages of the thread. The thread receives one message for each piece to send. */
export type ExportMessage =
  | { readonly kind: 'piece'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'rows'; readonly count: number; readonly of: number }
  | { readonly kind: 'end' }
  /** A ChelaError. */
  | { readonly kind: 'refused'; readonly key: ErrorKey; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string; readonly stack?: string; readonly code?: string };

/** Far more than any format needs for the largest rows. Exceeding it ends only the thread. */
const resourceLimits = { maxOldGenerationSizeMb: 768, maxYoungGenerationSizeMb: 32 };

/** Below these numbers of rows and stored bytes, formatting takes less time than starting a thread. */
export const smallRowCount = 1000;
const smallBytes = 1024 * 1024;

/**
 * @param storedBytes of the rows, if there are no more than `smallRowCount`
 * @returns a stream that fails with a ChelaError if the rows do not fit the format; destroying it aborts the export
 */
export function exportStream(order: ExportOrder, storedBytes: number, onRows: OnRows): Readable {
  if (order.table.rowCount > smallRowCount || storedBytes > smallBytes) return threadStream(order, onRows);
  return Readable.from(exportFile(order, onRows), { objectMode: false });
}

function threadStream(order: ExportOrder, onRows: OnRows): Readable {
  const thread = new Worker(new URL('export-thread.ts', import.meta.url), {
    workerData: order,
    resourceLimits,
    name: `export ${order.format}`,
  });
  let isAtEnd = false;
  let hasExited = false;
  const stream = new Readable({
    read() {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window and has no origin
      thread.postMessage('more');
    },
    /** Waits until the thread's database connection is closed too. */
    destroy(error, done) {
      if (hasExited) {
        done(error);
        return;
      }
      thread.once('exit', () => done(error));
      void thread.terminate();
    },
  });
  thread.on('message', (message: ExportMessage) => {
    if (message.kind === 'piece') {
      stream.push(message.bytes);
    } else if (message.kind === 'rows') {
      onRows(message.count, message.of);
    } else if (message.kind === 'end') {
      isAtEnd = true;
      stream.push(null);
    } else if (message.kind === 'refused') {
      stream.destroy(new ChelaError(message.key, message.message));
    } else {
      // Errors lose their class between threads, but keep the code.
      const { message: text, stack, code } = message;
      stream.destroy(Object.assign(new Error(text), { stack, code }));
    }
  });
  thread.on('error', (error) => stream.destroy(error));
  thread.on('exit', () => {
    hasExited = true;
    if (!isAtEnd) stream.destroy(new Error('the thread of the export ended early'));
  });
  return stream;
}
