/**
 * One browser in its own fence: a sandbox like those of workers, with the browser in place of the worker. It reaches the
 * network only through a proxy of its subtask. The runner talks to it over connections that are opened from inside.
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
import { contextProxyPort, ContextProxies, type ContextProxy } from './context-proxies.ts';
import { WaitingConnections } from './waiting-connections.ts';

/** Folder of the first program in a fence. */
const packageDir = path.join(import.meta.dirname, 'fence');
const entry = 'browser-entry.cjs';
/** Port inside the fence on which the runner accepts the browser's connections. */
const controlPort = 20_088;
/** Port inside the fence on which the runner accepts connections to the debugging port. */
const tunnelPort = 20_089;
const driverPort = 9515;
const nodeBinary = '/usr/local/bin/node';
const keptOutputLength = 8000;
/** Errors that every browser without a desktop prints. */
const busNoise = /ERROR:dbus/;

/** The proxy of a browser, and the way to those that its clients set. */
export interface BrowserProxy {
  /** Connects a client with the proxy of a browser context, or resets it. */
  carry(client: Socket, proxy: ContextProxy): void;
  close(): void;
}

export interface FenceOptions {
  readonly sandbox: Sandbox;
  readonly slot: number;
  /** Empty folder for this browser. The caller creates it, and removes it after `close()`. */
  readonly scratchDir: string;
  readonly limits: SandboxLimits;
  /** Cgroup of the subtask. */
  readonly cgroup: Cgroup | undefined;
  /** The worker's `/tmp`, if it can be shared. */
  readonly tmp?: SharedTmp | undefined;
  readonly chromium: string;
  /** Starts the browser on request of a session. Without it, the browser starts immediately, controlled by its pipe. */
  readonly chromedriver?: string | undefined;
  /** Whether the browser also has a debugging port, which several clients can use (`debuggingConnection`). */
  readonly hasDebuggingPort?: boolean | undefined;
  /** Serves the proxy of the browser. */
  readonly serveProxy: (listener: Server) => BrowserProxy;
}

export class BrowserFence {
  /** Ends with the browser, or with chromedriver; never rejects. */
  readonly ended: Promise<void>;
  readonly #process: SandboxedProcess;
  readonly contextProxies = new ContextProxies();
  readonly #proxy: BrowserProxy;
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
    this.contextProxies.serve(process.listener(contextProxyPort), (client, proxy) =>
      this.#proxy.carry(client, proxy),
    );
    this.#control.accept(process.listener(controlPort));
    if (hasDebuggingPort) this.#debugging.accept(process.listener(tunnelPort));
    process.run();
  }

  /** @throws Error if the fence could not be opened; nothing is left running then */
  static async open(options: FenceOptions): Promise<BrowserFence> {
    const { sandbox, scratchDir, slot, limits, cgroup, tmp, hasDebuggingPort = false } = options;
    const process = await sandbox.open({
      packageDir,
      scratchDir,
      entry,
      launch: fenceLaunch(options),
      environment: {},
      ports: [proxyAddress.port, contextProxyPort, controlPort, ...(hasDebuggingPort ? [tunnelPort] : [])],
      wildcardPort: contextProxyPort,
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
   * @throws BrowserError with the browser's last output if it ends first
   */
  async connection(): Promise<Socket> {
    return this.#take(this.#control);
  }

  /**
   * A connection to the browser's debugging port. Only for browsers that have one.
   * @throws BrowserError with the browser's last output if it ends first
   */
  async debuggingConnection(): Promise<Socket> {
    return this.#take(this.#debugging);
  }

  async #take(connections: WaitingConnections): Promise<Socket> {
    const first = await Promise.race([connections.take(), this.ended]);
    if (first === undefined) throw this.failure();
    return first;
  }

  /** The error for a browser that exited unexpectedly, with its last output. */
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

/** Arguments of `browser-entry.cjs`. */
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
    // Keeps the browser from looking for a D-Bus, which does not exist here.
    environment: () => ({ DBUS_SESSION_BUS_ADDRESS: 'disabled:', TMPDIR: ownFolder }),
  };
}
