/**
 * Opens the namespaces of sandboxes, with the sockets that the runner has in them. One Python process does it for all
 * sandboxes of a runner (namespace_opener.py): it starts with the first request, and ends when there are none for a while.
 * It also connects to ports on which workers listen.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { Socket as DatagramSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { Server, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { networkAddresses } from '../sandbox.ts';
import { closeSockets, OpenedNamespaces, type NamespaceRequest } from './opened-namespaces.ts';
import type { Owner } from './work-folder.ts';

/** Programs that open and enter namespaces. */
export interface NamespaceTools {
  /** Command line of Python, without arguments. */
  readonly python: readonly string[];
  readonly nsenter: string;
}

interface Message {
  readonly request: number;
  /** Port of loopback whose listener comes with the message. */
  readonly port?: number;
  /** Port of other hosts whose listener comes with the message. */
  readonly networkPort?: number;
  /** The socket for DNS queries comes with the message. */
  readonly names?: true;
  /** The connection to a worker's port comes with the message. */
  readonly connected?: true;
  /** Everything was sent; id of a process in the namespaces. */
  readonly process?: number;
  readonly error?: string;
}

const program = fileURLToPath(new URL('namespace_opener.py', import.meta.url));
/** Maximum time to open namespaces. */
const limitMilliseconds = 60_000;
/** After this time without requests the process ends, because it takes a few megabytes. */
const defaultIdleMilliseconds = 30_000;
const keptOutputLength = 2000;

/** A port of a sandbox's loopback. */
export interface SandboxPort {
  /** User of the sandbox; the runner's user if undefined. */
  readonly owner: Owner | undefined;
  /** Id of a process in its network namespace. */
  readonly process: number;
  /** An address of its loopback. */
  readonly host: string;
  readonly port: number;
}

/** What takes the answers to one request. */
interface Receiver {
  receive(message: Message, handle: unknown): void;
  fail(reason: string): void;
}

/** The connection that arrives for one request. */
class ConnectionArrival implements Receiver {
  readonly #connected = Promise.withResolvers<Socket>();

  get connected(): Promise<Socket> {
    return this.#connected.promise;
  }

  fail(reason: string): void {
    this.#connected.reject(new Error(reason));
  }

  receive({ error }: Message, handle: unknown): void {
    if (handle instanceof Socket) this.#connected.resolve(handle);
    else this.fail(error ?? 'the connection is missing');
  }
}

/** The sockets that arrive for one request. */
class Arrivals implements Receiver {
  readonly listeners = new Map<number, Server>();
  readonly networkListeners = new Map<number, Server>();
  names: DatagramSocket | undefined;
  readonly #request: NamespaceRequest;
  readonly #complete = Promise.withResolvers<number>();
  #process: number | undefined;

  constructor(request: NamespaceRequest) {
    this.#request = request;
    this.#complete.promise.catch(() => {
      // Reported to the caller that awaits it.
    });
  }

  /** Resolves with the id of a process in the namespaces once everything has arrived. */
  get complete(): Promise<number> {
    return this.#complete.promise;
  }

  fail(reason: string): void {
    this.#complete.reject(new Error(reason));
  }

  receive({ port, networkPort, process, error }: Message, handle: unknown): void {
    if (handle instanceof Server && port !== undefined) this.listeners.set(port, handle);
    else if (handle instanceof Server && networkPort !== undefined)
      this.networkListeners.set(networkPort, handle);
    else if (handle instanceof DatagramSocket) this.names = handle;
    else if (process !== undefined) this.#process = process;
    else this.fail(error ?? 'a socket of the sandbox is missing');
    // Node reports a socket a moment after its message, so other messages may overtake it.
    if (this.#process !== undefined && this.#hasAllSockets) this.#complete.resolve(this.#process);
  }

  get #hasAllSockets(): boolean {
    const { ports, networkPorts } = this.#request;
    if (this.listeners.size < ports.length) return false;
    return (
      networkPorts === undefined ||
      (this.networkListeners.size === networkPorts.length && this.names !== undefined)
    );
  }

  async discard(): Promise<void> {
    const all = [...this.listeners.values(), ...this.networkListeners.values()];
    await closeSockets([...all, ...(this.names === undefined ? [] : [this.names])]);
  }
}

/** The process that opens namespaces. */
class OpenerProcess {
  readonly #child: ChildProcess;
  readonly #nsenter: string;
  readonly #idleMilliseconds: number;
  /** Requests whose namespaces are kept by a process, by their number. */
  readonly #arrivals = new Map<number, Receiver>();
  readonly #gone = Promise.withResolvers<void>();
  #output = '';
  #isEnded = false;
  #lastNumber = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor({ python, nsenter }: NamespaceTools, idleMilliseconds: number) {
    this.#nsenter = nsenter;
    this.#idleMilliseconds = idleMilliseconds;
    const [command, ...argv] = [...python, '-I', '-S', '-B', program];
    this.#child = spawn(command, argv, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: {},
      cwd: '/',
      // Keeps Ctrl+C in a terminal, which is sent to the runner's process group, from ending it.
      detached: true,
    });
    const { stderr } = this.#child;
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#output = (this.#output + text).slice(-keptOutputLength);
    });
    this.#child.on('message', (message: Message, handle: unknown) => {
      const arrivals = this.#arrivals.get(message.request);
      if (arrivals !== undefined) arrivals.receive(message, handle);
      else if (handle instanceof Server || handle instanceof DatagramSocket) handle.close();
      else if (handle instanceof Socket) handle.destroy();
    });
    this.#child.on('error', ({ message }) => {
      this.#fail(message);
      // It may not have started.
      if (this.#child.pid === undefined) this.#gone.resolve();
    });
    this.#child.once('exit', () => this.#gone.resolve());
    this.#child.once('close', () => this.#fail(this.#output.trim()));
    this.#child.unref();
    if (stderr instanceof Socket) stderr.unref();
    this.#rest();
  }

  get isEnded(): boolean {
    return this.#isEnded || !this.#child.connected;
  }

  async open(request: NamespaceRequest): Promise<OpenedNamespaces> {
    const number = (this.#lastNumber += 1);
    const arrivals = new Arrivals(request);
    this.#arrivals.set(number, arrivals);
    this.#work();
    const leave = (): void => this.#leave(number);
    const limit = setTimeout(() => {
      arrivals.fail(`its namespaces were not ready within ${limitMilliseconds / 1000} seconds`);
    }, limitMilliseconds);
    try {
      this.#send({ id: number, ...messageOf(request) });
      const process = await arrivals.complete;
      const { listeners, networkListeners, names } = arrivals;
      const network = names && { listeners: networkListeners, names };
      return new OpenedNamespaces(request, { nsenter: this.#nsenter, process, listeners, network, leave });
    } catch (error) {
      leave();
      await arrivals.discard();
      throw error;
    } finally {
      clearTimeout(limit);
    }
  }

  async connect({ owner, process, host, port }: SandboxPort): Promise<Socket> {
    const number = (this.#lastNumber += 1);
    const arrival = new ConnectionArrival();
    this.#arrivals.set(number, arrival);
    this.#work();
    try {
      this.#send({ id: number, ...ownerOf(owner), connect: { process, host, port } });
      return await arrival.connected;
    } finally {
      this.#leave(number);
    }
  }

  /** Lets the process end, and waits for it. */
  async close(): Promise<void> {
    this.end();
    this.#child.ref();
    await this.#gone.promise;
  }

  /** Lets the process end. */
  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#idle);
    if (this.#child.connected) this.#child.disconnect();
  }

  #send(message: object): void {
    this.#child.send(message, () => {
      // If it could not be sent, the process has ended, which is reported with its output.
    });
  }

  #fail(reason: string): void {
    this.end();
    const said = reason === '' ? '' : `: ${reason}`;
    for (const arrivals of this.#arrivals.values())
      arrivals.fail(`the process that opens namespaces ended${said}`);
  }

  #leave(number: number): void {
    if (!this.#arrivals.delete(number)) return;
    if (!this.isEnded) this.#send({ leave: number });
    if (this.#arrivals.size === 0) this.#rest();
  }

  /** While it has requests, the runner stays alive for it. */
  #work(): void {
    clearTimeout(this.#idle);
    this.#child.channel?.ref();
  }

  #rest(): void {
    if (this.isEnded) return;
    this.#child.channel?.unref();
    this.#idle = setTimeout(() => this.end(), this.#idleMilliseconds);
    this.#idle.unref();
  }
}

function ownerOf(owner: Owner | undefined): object {
  return owner === undefined ? {} : { owner: [owner.uid, owner.gid] };
}

/** What namespace_opener.py needs to know. */
function messageOf({ owner, ports, wildcardPort, networkPorts, tmp }: NamespaceRequest): object {
  const { near, far, nearIPv6, farIPv6 } = networkAddresses;
  const ends = { near: [near, nearIPv6], far: [far, farIPv6], ipv6: existsSync('/proc/net/if_inet6') };
  return {
    ports,
    wildcardPort,
    ...ownerOf(owner),
    ...(networkPorts !== undefined && { network: { ports: networkPorts, ...ends } }),
    ...(tmp !== undefined && { tmp: { folder: tmp.folder, size: tmp.sizeBytes } }),
  };
}

export class NamespaceOpener {
  readonly #idleMilliseconds: number;
  #process: OpenerProcess | undefined;

  constructor(idleMilliseconds = defaultIdleMilliseconds) {
    this.#idleMilliseconds = idleMilliseconds;
  }

  /**
   * @returns namespaces in which one sandbox can be started
   * @throws Error with the system's reason; nothing is left open
   */
  async open(tools: NamespaceTools, request: NamespaceRequest): Promise<OpenedNamespaces> {
    return this.#running(tools).open(request);
  }

  /** @throws Error with the system's reason, for example if nothing listens on the port */
  async connect(tools: NamespaceTools, port: SandboxPort): Promise<Socket> {
    return this.#running(tools).connect(port);
  }

  #running(tools: NamespaceTools): OpenerProcess {
    if (this.#process === undefined || this.#process.isEnded)
      this.#process = new OpenerProcess(tools, this.#idleMilliseconds);
    return this.#process;
  }

  /** Ends the process. It starts again with the next request. Idempotent. */
  async close(): Promise<void> {
    await this.#process?.close();
    if (this.#process?.isEnded === true) this.#process = undefined;
  }
}
