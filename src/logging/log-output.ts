/**
 * Where the process's own log goes: standard error. Writing never throws and never blocks, whatever became of the file,
 * terminal or pipe behind it: a full disk or a reader that has stopped must not end or hold up the subtasks of this process.
 */
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';

const standardError = 2;
/** pino's number of the level `warn`. */
const warnLevel = 40;
const retryMilliseconds = 50;

/** Lines that cannot be written yet wait in memory, up to this; lines that come after that are dropped. */
const waitingLimitBytes = 1024 * 1024;

/** A destination of pino's. */
export class LogOutput {
  readonly #descriptor: number;
  /** What could not be written yet, oldest first. The first may be the rest of a line. */
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #reason = '';
  #retriesLater = false;

  /** @param descriptor a file descriptor; writing to it must not block */
  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** @param line with its line break */
  write(line: string): void {
    const bytes = Buffer.from(line);
    // Nothing overtakes the number of those that were dropped before it.
    const isDropped = this.#dropped > 0 || this.#waitingBytes + bytes.length > waitingLimitBytes;
    if (isDropped && !this.#writeWaiting()) {
      this.#dropped += 1;
      return;
    }
    this.#append(bytes);
    this.#writeWaiting();
  }

  /** Tries once more to write what waits. */
  flushSync(): void {
    this.#writeWaiting();
  }

  /** @returns whether nothing is left */
  #writeWaiting(): boolean {
    if (!this.#writeQueue()) return false;
    if (this.#dropped > 0) {
      this.#append(Buffer.from(droppedLine(this.#dropped, this.#reason)));
      this.#dropped = 0;
    }
    return this.#writeQueue();
  }

  #writeQueue(): boolean {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      let written: number;
      try {
        written = writeSync(this.#descriptor, first);
      } catch (error) {
        this.#reason = (error as NodeJS.ErrnoException).code ?? 'unknown';
        this.#retryLater();
        return false;
      }
      this.#waitingBytes -= written;
      if (written === first.length) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(written);
    }
    return true;
  }

  #append(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  #retryLater(): void {
    if (this.#retriesLater) return;
    this.#retriesLater = true;
    setTimeout(() => {
      this.#retriesLater = false;
      this.#writeWaiting();
    }, retryMilliseconds).unref();
  }
}

/** @param reason code of the last error of the operating system */
function droppedLine(dropped: number, reason: string): string {
  const line = {
    level: warnLevel,
    time: Date.now(),
    pid: process.pid,
    hostname: hostname(),
    component: 'log',
    dropped,
    reason,
    msg: 'log lines were dropped because the log could not be written',
  };
  return `${JSON.stringify(line)}\n`;
}

/** The log of a process that goes on until a signal ends it. Call it once. */
export function openLogOutput(): LogOutput {
  // A file that has reached the size limit of the process (ulimit -f) fails with EFBIG; unheard, the signal ends the process.
  process.on('SIGXFSZ', () => undefined);
  const output = new LogOutput(unblockedStandardError());
  process.once('exit', () => output.flushSync());
  return output;
}

/** Writing to a full pipe, or to a terminal that is held by Ctrl+S, waits for the reader, unless it is opened like this. */
function unblockedStandardError(): number {
  const stats = fstatSync(standardError);
  // Opened again, a file would be written from its start.
  if (stats.isFile()) return standardError;
  try {
    // An opening of our own: the setting is not shared with other programs that write there.
    const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
    return openSync(`/proc/self/fd/${standardError}`, flags);
  } catch {
    // A socket cannot be opened again, and not every system has /proc. Node makes the descriptor non-blocking when it is asked for.
    void process.stderr;
    return standardError;
  }
}
