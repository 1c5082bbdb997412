/**
 * One browser in a fence of its own: a sandbox like those of workers, in which the browser takes the worker's place. Its
 * only way out is a proxy of its subtask; what it answers reaches the runner by connections from inside.
 */
import type { Server, Socket } from 'node:net';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { Cgroup } from '../cgroup.ts';
import { proxyAddress } from '../proxy/egress-proxy.ts';
import type { Launch, Sandbox, SandboxedProcess, SandboxLimits } from '../sandbox.ts';
import { BrowserError } from './browser-error.ts';
import { browserMounts, browserSwitches, driverInFence, programInFence } from './chromium.ts';

/** Holds what runs first in a fence. */
const packageDir = path.join(import.meta.dirname, 'fence');
const entry = 'browser-entry.cjs';
/** Where the runner accepts the browser's connections, as the fence sees it. */
const controlPort = 20_088;
const driverPort = 9515;
const nodeBinary = '/usr/local/bin/node';
/** Connections that wait for their use; more are a sign of something else in the fence. */
const mostWaiting = 8;
const keptOutputLength = 8000;
/** What a browser without a desktop always prints. */
const busNoise = /ERROR:dbus/;

export interface FenceOptions {
  readonly sandbox: Sandbox;
  readonly slot: number;
  /** Empty folder of this one browser; the caller makes it, and removes it after `close()`. */
  readonly scratchDir: string;
  readonly limits: SandboxLimits;
  /** That of the subtask. */
  readonly cgroup: Cgroup | undefined;
  readonly chromium: string;
  /** The browser is started by it, at a session's request; without it the browser starts at once, led by its pipe. */
  readonly chromedriver?: string | undefined;
  /** Serves the proxy of the browser. */
  readonly serveProxy: (listener: Server) => { close(): void };
}

export class BrowserFence {
  /** Ends with the browser, or with chromedriver; never rejects. */
  readonly ended: Promise<void>;
  readonly #process: SandboxedProcess;
  readonly #proxy: { close(): void };
  readonly #ready: Socket[] = [];
  readonly #takers: ((connection: Socket) => void)[] = [];
  #output = '';

  /** Use `BrowserFence.open`. */
  constructor(process: SandboxedProcess, { serveProxy }: FenceOptions) {
    this.#process = process;
    this.ended = process.exited.then(() => undefined);
    this.#keepOutput(process.stdout);
    this.#keepOutput(process.stderr);
    this.#proxy = serveProxy(process.listener(proxyAddress.port));
    process.listener(controlPort).on('connection', (connection: Socket) => this.#offer(connection));
    process.run();
  }

  /** @throws Error that says why the fence could not be made; nothing is left running then */
  static async open(options: FenceOptions): Promise<BrowserFence> {
    const { sandbox, scratchDir, slot, limits, cgroup } = options;
    const process = await sandbox.open({
      packageDir,
      scratchDir,
      entry,
      launch: fenceLaunch(options),
      environment: {},
      ports: [proxyAddress.port, controlPort],
      slot,
      limits,
      cgroup,
    });
    return new BrowserFence(process, options);
  }

  /**
   * A connection to the browser's pipe, or to chromedriver.
   * @throws BrowserError with what the browser printed last, where it ends before
   */
  async connection(): Promise<Socket> {
    const { promise, resolve } = Promise.withResolvers<Socket>();
    const ready = this.#ready.shift();
    if (ready === undefined) this.#takers.push(resolve);
    else resolve(ready);
    const first = await Promise.race([promise, this.ended]);
    if (first === undefined) throw this.failure();
    return first;
  }

  /** What to tell of a browser that ended before its time. */
  failure(): BrowserError {
    const lines = this.#output.trim().split('\n');
    const said = lines
      .filter((line) => !busNoise.test(line))
      .slice(-3)
      .join(' | ');
    return new BrowserError('session not created', `the browser exited${said === '' ? '' : `: ${said}`}`);
  }

  async cpuSeconds(): Promise<number> {
    return this.#process.cpuSeconds();
  }

  async memoryBytes(limitBytes?: number): Promise<number> {
    return this.#process.memoryBytes(limitBytes);
  }

  /** Ends everything in the fence. Idempotent. */
  async close(): Promise<void> {
    this.#proxy.close();
    await this.#process.close();
  }

  #offer(connection: Socket): void {
    connection.setNoDelay(true);
    const taker = this.#takers.shift();
    if (taker !== undefined) taker(connection);
    else if (this.#ready.length < mostWaiting) {
      this.#ready.push(connection);
      connection.once('close', () => {
        const index = this.#ready.indexOf(connection);
        if (index !== -1) this.#ready.splice(index, 1);
      });
    } else connection.destroy();
  }

  #keepOutput(stream: Readable): void {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      this.#output = (this.#output + text).slice(-keptOutputLength);
    });
    stream.on('error', () => undefined);
  }
}

function fenceLaunch({ chromium, chromedriver }: FenceOptions): Launch {
  const browser = [programInFence(chromium), ...browserSwitches, '--remote-debugging-pipe', 'about:blank'];
  const driver = [driverInFence, `--port=${driverPort}`];
  const command =
    chromedriver === undefined ? ['pipe', controlPort, ...browser] : ['tunnel', controlPort, ...driver];
  return {
    mounts: browserMounts(chromium, chromedriver),
    command: (_places, entryPlace) => [nodeBinary, entryPlace, ...command.map(String)],
    // There is none, and it would look for one.
    environment: () => ({ DBUS_SESSION_BUS_ADDRESS: 'disabled:' }),
  };
}
