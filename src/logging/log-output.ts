/**
 * Output of the process's own log: standard error. Writing never throws or blocks, whatever happens to the file,
 * terminal or pipe: a full disk or a stalled reader must not end or delay subtasks of this process.
 */
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';

const standardError = 2;
/** pino's number for the level `warn`. */
const warnLevel = 40;
const retryMilliseconds = 50;

/** Maximum size of the lines that wait in memory to be written; further lines are dropped. */
const waitingLimitBytes = 1024 * 1024;

/** A pino destination. */
export class LogOutput {
  readonly #descriptor: number;
  /** Unwritten lines, oldest first. The first may be the rest of a partly written line. */
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #reason = '';
  #retriesLater = false;

  /** @param descriptor file descriptor, in non-blocking mode */
  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** @param line including its line break */
  write(line: string): void {
    const bytes = Buffer.from(line);
    // While the notice about dropped lines is pending, drop lines too, so that none overtakes it.
    const isDropped = this.#dropped > 0 || this.#waitingBytes + bytes.length > waitingLimitBytes;
    if (isDropped && !this.#writeWaiting()) {
      this.#dropped += 1;
      return;
    }
    this.#append(bytes);
    this.#writeWaiting();
  }

  /** Retries to write the waiting lines. */
  flushSync(): void {
    this.#writeWaiting();
  }

  /** @returns whether all have been written */
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

/** @param reason code of the operating system's last error */
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

/** Opens the log of a process that runs until a signal ends it. Call it once. */
export function openLogOutput(): LogOutput {
  // Writing to a file at the process's size limit (ulimit -f) fails with EFBIG. Without a handler the signal would end
  // the process.
  process.on('SIGXFSZ', () => undefined);
  const output = new LogOutput(unblockedStandardError());
  process.once('exit', () => output.flushSync());
  return output;
}

/**
 * Reopens standard error in non-blocking mode: otherwise a full pipe, or a terminal paused by Ctrl+S, blocks the
 * process.
 */
function unblockedStandardError(): number {
  const stats = fstatSync(standardError);
  // Reopening a file would write from its start.
  if (stats.isFile()) return standardError;
  try {
    // A separate open file, so that programs sharing the original keep blocking mode.
    const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
    return openSync(`/proc/self/fd/${standardError}`, flags);
  } catch {
    // A socket cannot be reopened, and not every system has /proc. Accessing process.stderr makes Node set non-blocking
    // mode.
    void process.stderr;
    return standardError;
  }
}
