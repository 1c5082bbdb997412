/**
 * The namespaces in which a sandbox starts, and the runner's sockets in them. A network consists of two network
 * namespaces, connected by a veth pair. The sandbox runs in the near one, so the worker has its own loopback and can
 * listen on any port. In the far one every IPv4 and IPv6 address is local, so connections to any host arrive at sockets
 * that the runner holds. Neither has another interface.
 */
import type { Socket as DatagramSocket } from 'node:dgram';
import { closeSync, openSync } from 'node:fs';
import type { Server } from 'node:net';
import type { SandboxNetwork, SharedTmp } from '../sandbox.ts';
import type { Owner } from './work-folder.ts';

/** First descriptor of the namespaces in a command that enters them. The shell can only redirect single digits. */
const firstTmpDescriptor = 7;
const [userDescriptor, mountDescriptor] = [firstTmpDescriptor, firstTmpDescriptor + 1];
/** Closes the descriptors, which programs inside must not inherit. */
const closeDescriptors = `exec ${userDescriptor}<&- ${mountDescriptor}<&-; exec "$@"`;

export interface NamespaceRequest {
  /** User of the sandbox; the runner's user if undefined. */
  readonly owner: Owner | undefined;
  /** Ports of the sandbox's 127.0.0.1 on which the runner listens. */
  readonly ports: readonly number[];
  /** See `SandboxOptions.wildcardPort`. */
  readonly wildcardPort?: number | undefined;
  /** Ports of other hosts on which the runner listens; only loopback if undefined. */
  readonly networkPorts: readonly number[] | undefined;
  /**
   * An empty host folder of the owner, on which a file system in memory is mounted. It is in a mount namespace of its
   * own, because Linux does not mount a file system from the mount namespace of another sandbox.
   */
  readonly tmp: { readonly folder: string; readonly sizeBytes: number } | undefined;
}

interface Parts {
  readonly nsenter: string;
  /** Id of a process in the namespaces. */
  readonly process: number;
  readonly listeners: ReadonlyMap<number, Server>;
  readonly network: SandboxNetwork | undefined;
  /** Ends the process. */
  readonly leave: () => void;
}

export class OpenedNamespaces {
  /** Start of a command line that runs the rest in the namespaces, without privileges over them. Until `leave()`. */
  readonly enter: readonly string[];
  /** Listen on ports of the sandbox's loopback. The caller closes them. */
  readonly listeners: ReadonlyMap<number, Server>;
  /** Undefined if there is only loopback. The caller closes its sockets. */
  readonly network: SandboxNetwork | undefined;
  /** Its `/tmp`, if it was requested: other sandboxes can share it until `endTmp()`. */
  readonly tmp: SharedTmp | undefined;
  readonly #leave: () => void;

  /** @throws Error if the namespaces of `/tmp` cannot be opened; the caller still has the sockets then */
  constructor({ owner, tmp }: NamespaceRequest, { nsenter, process, listeners, network, leave }: Parts) {
    const namespace = (name: string): string => `--${name}=/proc/${process}/ns/${name}`;
    this.enter = [
      [nsenter, namespace('user'), namespace('net')],
      tmp === undefined ? [] : [`--mount=/proc/${process}/ns/mnt`],
      ['--preserve-credentials', '--'],
    ].flat();
    this.listeners = listeners;
    this.network = network;
    this.#leave = leave;
    if (tmp !== undefined) {
      this.tmp = {
        enter: [
          [nsenter, `--user=/proc/self/fd/${userDescriptor}`, `--mount=/proc/self/fd/${mountDescriptor}`],
          ['--preserve-credentials', '--', '/bin/sh', '-c', closeDescriptors, 'sh'],
        ].flat(),
        descriptors: openNamespaces(process),
        folder: tmp.folder,
        owner,
      };
    }
  }

  /** Lets the process in the namespaces exit. They remain while other processes or sockets use them. Idempotent. */
  leave(): void {
    this.#leave();
  }

  /** Stops sharing `/tmp`. Its files remain while sandboxes use them. Call it once. */
  endTmp(): void {
    for (const descriptor of this.tmp?.descriptors ?? []) closeSync(descriptor);
  }

  /** Does everything that the caller would have to do. */
  async discard(): Promise<void> {
    this.leave();
    this.endTmp();
    await closeSockets(this.listeners.values());
    if (this.network !== undefined) await closeNetwork(this.network);
  }
}

function openNamespaces(process: number): [number, number] {
  const user = openSync(`/proc/${process}/ns/user`, 'r');
  try {
    return [user, openSync(`/proc/${process}/ns/mnt`, 'r')];
  } catch (error) {
    closeSync(user);
    throw error;
  }
}

/** Closes the sockets of a far end; some may be closed already. */
export async function closeNetwork({ listeners, names }: SandboxNetwork): Promise<void> {
  await Promise.all([closeSockets(listeners.values()), closeSockets([names])]);
}

/** Some may be closed already. */
export async function closeSockets(sockets: Iterable<Server | DatagramSocket>): Promise<void> {
  await Promise.all(Array.from(sockets, closeSocket));
}

async function closeSocket(socket: Server | DatagramSocket): Promise<void> {
  return new Promise((resolve) => {
    try {
      socket.close(() => resolve());
    } catch {
      // A datagram socket that is closed already.
      resolve();
    }
  });
}
