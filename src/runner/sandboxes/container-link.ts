/**
 * The runner's connection to the relay in a container: Unix sockets in a folder that is mounted there, one for control
 * and one for each port.
 */
import { once } from 'node:events';
import { chmod, chown, mkdir, open, type FileHandle } from 'node:fs/promises';
import net from 'node:net';
import type { Listeners } from './started-worker.ts';
import type { Owner } from './work-folder.ts';

/** Maximum time to wait until the relay listens. */
const startLimitMilliseconds = 60_000;

/** The worker process that the relay starts. */
export interface WorkerStart {
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
}

type RunnerMessage = { readonly run: WorkerStart } | { readonly terminate: true };
interface RelayMessage {
  readonly listening?: true;
  readonly error?: string;
}

const longestLine = 64 * 1024;

/** @returns the error in a relay's message; undefined if it is listening */
function problemOf(line: string): string | undefined {
  try {
    const { listening, error } = JSON.parse(line) as RelayMessage;
    return listening ? undefined : (error ?? 'the relay in the container could not listen');
  } catch {
    return 'the relay in the container sent an invalid message';
  }
}

/** Listens on a socket that only the owner can connect to. */
async function listenAt(file: string, owner: Owner): Promise<net.Server> {
  const server = net.createServer();
  await once(server.listen(file), 'listening');
  await chown(file, owner.uid, owner.gid);
  await chmod(file, 0o600);
  return server;
}

async function closed(server: net.Server): Promise<void> {
  if (!server.listening) return;
  const end = once(server, 'close');
  server.close();
  await end;
}

export class ContainerLink {
  readonly listeners: Listeners;
  /** Resolves when the relay has ended, or the link is closed before the relay has connected. */
  readonly broken: Promise<void>;
  readonly #handle: FileHandle;
  readonly #control: net.Server;
  readonly #relay: Promise<net.Socket>;
  readonly #ready = Promise.withResolvers<void>();
  readonly #broken = Promise.withResolvers<void>();

  /** Use `ContainerLink.open`. */
  constructor(handle: FileHandle, control: net.Server, listeners: Listeners) {
    this.#handle = handle;
    this.listeners = listeners;
    this.broken = this.#broken.promise;
    this.#control = control;
    this.#relay = new Promise((resolve) => {
      control.once('connection', (relay) => {
        // Only the relay may connect, which is the first to do so.
        control.close();
        this.#read(relay);
        resolve(relay);
      });
    });
    this.#ready.promise.catch(() => {
      // Reported to the caller of `ready()`, if any.
    });
  }

  /**
   * @param folder created here, for the container to mount
   * @param owner user of the container
   */
  static async open(folder: string, ports: readonly number[], owner: Owner): Promise<ContainerLink> {
    await mkdir(folder, { mode: 0o711 });
    const handle = await open(folder);
    // A socket's path is limited to 107 bytes; a path through the folder's descriptor is short.
    const place = (name: string): string => `/proc/self/fd/${handle.fd}/${name}`;
    const opened: net.Server[] = [];
    try {
      const control = await listenAt(place('control'), owner);
      opened.push(control);
      const listeners = new Map<number, net.Server>();
      for (const port of ports) {
        const listener = await listenAt(place(String(port)), owner);
        opened.push(listener);
        listeners.set(port, listener);
      }
      return new ContainerLink(handle, control, listeners);
    } catch (error) {
      await Promise.all(opened.map(async (server) => closed(server)));
      await handle.close();
      throw error;
    }
  }

  /** Resolves when the worker's ports are open. @throws Error with the relay's message */
  async ready(): Promise<void> {
    const late = setTimeout(() => {
      this.#ready.reject(
        new Error(`the container did not start within ${startLimitMilliseconds / 1000} seconds`),
      );
    }, startLimitMilliseconds);
    await this.#ready.promise.finally(() => clearTimeout(late));
  }

  run(start: WorkerStart): void {
    this.#send({ run: start });
  }

  /** Makes the relay send SIGTERM to all processes. */
  terminate(): void {
    this.#send({ terminate: true });
  }

  /** Ends the relay, and so the container. */
  breakOff(): void {
    void this.#relay.then((relay) => relay.destroy());
    this.#broken.resolve();
  }

  /** Closes the connection and removes its sockets. */
  async close(): Promise<void> {
    this.breakOff();
    await Promise.all([this.#control, ...this.listeners.values()].map(async (server) => closed(server)));
    // Closed last: closing servers remove their sockets through the folder's descriptor.
    await this.#handle.close();
  }

  #send(message: RunnerMessage): void {
    void this.#relay.then((relay) => relay.write(`${JSON.stringify(message)}\n`));
  }

  /** Reads the relay's single message, which it sends before any of the worker's code runs. Ignores the rest. */
  #read(relay: net.Socket): void {
    relay.on('error', () => relay.destroy());
    relay.once('close', () => {
      this.#ready.reject(new Error('the container exited before it started the worker'));
      this.#broken.resolve();
    });
    let received = '';
    const onData = (text: string): void => {
      received += text;
      if (!received.includes('\n') && received.length < longestLine) return;
      relay.off('data', onData).resume();
      const problem = problemOf(received);
      if (problem === undefined) this.#ready.resolve();
      else this.#ready.reject(new Error(problem));
    };
    relay.setEncoding('utf8').on('data', onData);
  }
}
