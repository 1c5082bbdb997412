/** Ends this process if its event loop hangs, so that a supervisor can restart it. */
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';

/** Exit code after the event loop hung: EX_SOFTWARE in sysexits.h. */
const hangExitCode = 70;
/** Exit code after an immediate stop, as after Ctrl+C. */
export const stopExitCode = 130;
/** Interval of heartbeats, and of the thread's checks. */
const tickMilliseconds = 500;

interface WatchdogOptions {
  /** 0 for no limit. */
  readonly limitSeconds: number;
  /** The setting that the limit comes from, for messages to the operator. */
  readonly limitName: string;
  readonly logger: Logger;
}

/** The thread's `workerData`. */
interface WatchdogOrder extends Omit<WatchdogOptions, 'logger'> {
  /** A 32-bit counter that the event loop increments. */
  readonly heartbeat: SharedArrayBuffer;
  readonly tickMilliseconds: number;
  readonly hangExitCode: number;
  readonly stopExitCode: number;
}

export class Watchdog {
  readonly #options: WatchdogOptions;
  #running: { readonly thread: Worker; readonly pulse: NodeJS.Timeout } | undefined;

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  /** From now on a second SIGINT or SIGTERM ends the process too, whatever the event loop does. */
  start(): void {
    if (this.#running !== undefined) return;
    const { limitSeconds, limitName, logger } = this.#options;
    const heartbeat = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const exitCodes = { hangExitCode, stopExitCode };
    const order: WatchdogOrder = { limitSeconds, limitName, heartbeat, tickMilliseconds, ...exitCodes };
    const thread = new Worker(new URL('watchdog-thread.cjs', import.meta.url), {
      workerData: order,
      name: 'watchdog',
      // Node prints a warning about the first option.
      execArgv: ['--expose-internals', '--no-warnings'],
    });
    thread.on('message', ({ error }: { error: string }) => {
      logger.warn({ reason: error }, 'a second stop signal is not noticed while the event loop hangs');
    });
    thread.on('error', (error) =>
      logger.error({ err: error }, 'the watchdog stopped: hangs are not detected'),
    );
    thread.unref();
    const beats = new Int32Array(heartbeat);
    const pulse = setInterval(() => Atomics.add(beats, 0, 1), tickMilliseconds);
    pulse.unref();
    this.#running = { thread, pulse };
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    clearInterval(running?.pulse);
    await running?.thread.terminate();
  }
}
