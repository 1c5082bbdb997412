/**
 * One browser in a fence of its own: a sandbox like those of workers, in which the browser takes the worker's place. Its
 * only way out is a proxy of its subtask; what it answers reaches the runner by connections from inside.
 */
import type { Server, Socket } from 'node:net';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { Cgroup } from '../cgroup.ts';
import { proxyAddress } from '../proxy/egress-proxy.ts';
import type { Launch, Sandbox, SandboxedProcess, SandboxLimits, SharedTmp } from '../sandbox.ts';
import { BrowserError } from './browser-error.ts';
import {
  browserMounts,
  browserSwitches,
  debuggingPort,
  driverInFence,
  ownFolder,
  programInFence,
} from './chromium.ts';
import { WaitingConnections } from './waiting-connections.ts';

/** Holds what runs first in a fence. */
const packageDir = path.join(import.meta.dirname, 'fence');
const entry = 'browser-entry.cjs';
/** Where the runner accepts the browser's connections, as the fence sees it. */
const controlPort = 20_088;
/** Where it accepts those to the debugging port. */
const tunnelPort = 20_089;
const driverPort = 9515;
const nodeBinary = '/usr/local/bin/node';
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
  /** The `/tmp` of its worker. */
  readonly tmp?: SharedTmp | undefined;
  readonly chromium: string;
  /** The browser is started by it, at a session's request; without it the browser starts at once, led by its pipe. */
  readonly chromedriver?: string | undefined;
  /** Gives the browser a debugging port too, at which several clients can use it (`debuggingConnection`). */
  readonly hasDebuggingPort?: boolean | undefined;
  /** Serves the proxy of the browser. */
  readonly serveProxy: (listener: Server) => { close(): void };
}

export class BrowserFence {
  /** Ends with the browser, or with chromedriver; never rejects. */
  readonly ended: Promise<void>;
  readonly #process: SandboxedProcess;
  readonly #proxy: { close(): void };
  readonly #control = new WaitingConnections();
  readonly #debugging = new WaitingConnections();
  #output = '';

  /** Use `BrowserFence.open`. */
  constructor(process: SandboxedProcess, { serveProxy, hasDebuggingPort = false }: FenceOptions) {
    this.#process = process;
    this.ended = process.exited.then(() => undefined);
    this.#keepOutput(process.stdout);
    this.#keepOutput(process.stderr);
    this.#proxy = serveProxy(process.listener(proxyAddress.port));
    this.#control.accept(process.listener(controlPort));
    if (hasDebuggingPort) this.#debugging.accept(process.listener(tunnelPort));
    process.run();
  }

  /** @throws Error that says why the fence could not be made; nothing is left running then */
  static async open(options: FenceOptions): Promise<BrowserFence> {
    const { sandbox, scratchDir, slot, limits, cgroup, tmp, hasDebuggingPort = false } = options;
    const process = await sandbox.open({
      packageDir,
      scratchDir,
      entry,
      launch: fenceLaunch(options),
      environment: {},
      ports: [proxyAddress.port, controlPort, ...(hasDebuggingPort ? [tunnelPort] : [])],
      slot,
      limits,
      cgroup,
      tmp,
      ownTmp: ownFolder,
    });
    return new BrowserFence(process, options);
  }

  /**
   * A connection to the browser's pipe, or to chromedriver.
   * @throws BrowserError with the browser's last output if it ends before
   */
  async connection(): Promise<Socket> {
    return this.#take(this.#control);
  }

  /**
   * A connection to the browser's debugging port. Only for browsers that have one.
   * @throws BrowserError with the browser's last output if it ends before
   */
  async debuggingConnection(): Promise<Socket> {
    return this.#take(this.#debugging);
  }

  async #take(connections: WaitingConnections): Promise<Socket> {
    const first = await Promise.race([connections.take(), this.ended]);
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

  #keepOutput(stream: Readable): void {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      this.#output = (this.#output + text).slice(-keptOutputLength);
    });
    stream.on('error', () => undefined);
  }
}

/** What the entry starts, and how it connects it with the runner. */
function entryArguments({ chromium, chromedriver, hasDebuggingPort = false }: FenceOptions): string[] {
  if (chromedriver !== undefined)
    return ['tunnel', String(controlPort), driverInFence, `--port=${driverPort}`];
  const browser = [programInFence(chromium), ...browserSwitches, '--remote-debugging-pipe'];
  if (!hasDebuggingPort) return ['pipe', String(controlPort), ...browser, 'about:blank'];
  const port = `--remote-debugging-port=${debuggingPort}`;
  return ['both', `${controlPort},${tunnelPort}`, ...browser, port, 'about:blank'];
}

function fenceLaunch(options: FenceOptions): Launch {
  const { chromium, chromedriver } = options;
  return {
    mounts: browserMounts(chromium, chromedriver),
    command: (_places, entryPlace) => [nodeBinary, entryPlace, ...entryArguments(options)],
    // There is none, and it would look for one.
    environment: () => ({ DBUS_SESSION_BUS_ADDRESS: 'disabled:', TMPDIR: ownFolder }),
  };
}
