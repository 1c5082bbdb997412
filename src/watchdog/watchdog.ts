/** Ends this process if its event loop hangs, so that a supervisor can restart it. */
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { Periodic } from '../services/periodic.ts';
import { StartStop } from '../services/service.ts';

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

export class Watchdog extends StartStop {
  readonly name = 'watchdog';
  readonly #options: WatchdogOptions;
  readonly #beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #pulse = new Periodic({
    intervalMilliseconds: tickMilliseconds,
    work: async () => {
      Atomics.add(this.#beats, 0, 1);
    },
    onError: () => {
      // Counting does not fail.
    },
  });
  #thread: Worker | undefined;

  constructor(options: WatchdogOptions) {
    super();
    this.#options = options;
  }

  /** From now on a second SIGINT or SIGTERM ends the process too, whatever the event loop does. */
  protected override async begin(): Promise<void> {
    const { limitSeconds, limitName, logger } = this.#options;
    const heartbeat = this.#beats.buffer;
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
    this.#thread = thread;
    this.#pulse.start();
  }

  protected override async end(): Promise<void> {
    await this.#pulse.stop();
    await this.#thread?.terminate();
    this.#thread = undefined;
  }
}
