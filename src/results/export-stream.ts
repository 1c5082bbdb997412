/**
 * The bytes of an export as a stream, made as fast as they are read. A big one is made by a thread of its own, so that
 * formatting a million rows holds up no request and has a limit of memory of its own.
 */
import { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { ChelaError, type ErrorKey } from '../errors.ts';
import { exportFile, type ExportOrder, type OnRows } from './export-file.ts';

/** What the thread says. It is sent a message for each piece that is wanted. */
export type ExportMessage =
  | { readonly kind: 'piece'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'rows'; readonly count: number }
  | { readonly kind: 'end' }
  /** A ChelaError. */
  | { readonly kind: 'refused'; readonly key: ErrorKey; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string; readonly stack?: string; readonly code?: string };

/** Far above what any format takes with rows of the largest size; a thread that passes it ends alone. */
const resourceLimits = { maxOldGenerationSizeMb: 768, maxYoungGenerationSizeMb: 32 };

/** Starting a thread takes longer than formatting so many rows. */
const smallRowCount = 1000;

/** @returns a stream that fails with a ChelaError where the rows do not fit the format; destroying it ends the making */
export function exportStream(order: ExportOrder, onRows: OnRows): Readable {
  if (order.table.rowCount > smallRowCount) return threadStream(order, onRows);
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
    /** Done when the thread's connection to the database is closed too. */
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
      onRows(message.count);
    } else if (message.kind === 'end') {
      isAtEnd = true;
      stream.push(null);
    } else if (message.kind === 'refused') {
      stream.destroy(new ChelaError(message.key, message.message));
    } else {
      // The class of an error does not cross over, its code does.
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
