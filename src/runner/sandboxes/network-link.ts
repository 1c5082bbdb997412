/**
 * The network of a sandbox whose worker can reach other hosts: two network namespaces, connected by a veth pair. The sandbox
 * runs in the near one, so the worker has its own loopback and can listen on any port. In the far one every IPv4 and IPv6
 * address is local, so connections to any host arrive at sockets that the runner holds. Neither has another interface.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Server } from 'node:net';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { networkAddresses, type SandboxNetwork, type SharedTmp } from '../sandbox.ts';
import type { Owner } from './work-folder.ts';

/** Programs that set up the network. */
export interface NetworkTools {
  readonly ip: string;
  readonly nsenter: string;
  readonly unshare: string;
  readonly node: string;
  /** A copy of `network-starter.cjs` that the sandbox's user can read. */
  readonly starter: string;
}

/** Maximum time to set up the network. */
const limitMilliseconds = 60_000;
/**
 * Descriptor on which the setup process reports that the near end is ready. Then the runner closes it, which lets the starter
 * at the far end exit.
 */
const readyDescriptor = 4;
/** Capabilities to configure its own network namespaces and listen on ports below 1024. No process keeps them later. */
const capabilities = ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN', 'CAP_NET_BIND_SERVICE'];
/** Close to the maximum size of a packet, for fewer packets. */
const packetBytes = 65_520;

function lines(...all: (string | false)[]): string {
  return all.filter((line) => line !== false).join('\n');
}

/** Sets a kernel parameter; the network works without it. */
function quietly(value: number, name: string): string {
  return `{ echo ${value} > /proc/sys/net/${name}; } 2>/dev/null || :`;
}

/**
 * Runs in the near namespace. A child creates the far namespace and the veth pair, then becomes the starter there. Once the
 * far end is complete, the script configures the near end and reports its process id, by which the namespace is entered. If
 * that fails, it ends the starter, for which the shell would wait. It exits when its standard input ends.
 *
 * The kernel activates a link some time after the other end came up, and loses packets until then. `ip link show`
 * activates it immediately.
 */
function script(hasIPv6: boolean): string {
  const { near, far, nearIPv6, farIPv6 } = networkAddresses;
  return lines(
    'near=$$ ip=$1 unshare=$2 nsenter=$3; shift 3',
    // Of a process ended by another signal, the shell reports the end on standard error.
    'fail() { kill -INT $far 2>/dev/null; exit 1; }',
    `"$unshare" --net -- /bin/sh -c '`,
    '  ip=$1; shift',
    '  "$ip" -batch - || exit',
    // Answer every datagram to a closed port with an error, instead of only a few per second.
    `  ${quietly(0, 'ipv4/icmp_ratelimit')}`,
    hasIPv6 && `  ${quietly(0, 'ipv6/icmp/ratelimit')}`,
    '  echo $$',
    `  exec "$@" >/dev/null' sh "$ip" "$@" <<END | {`,
    'link set lo up',
    `link add far mtu ${packetBytes} type veth peer name near mtu ${packetBytes} netns $near`,
    hasIPv6 && 'link set far addrgenmode none',
    `addr add ${far} peer ${near}/32 dev far`,
    hasIPv6 && `addr add ${farIPv6}/126 dev far nodad`,
    'link set far up',
    'route add local 0.0.0.0/0 dev lo table main',
    hasIPv6 && 'route add local ::/0 dev lo table main',
    'END',
    '  read -r far || exit',
    '  "$ip" -batch - <<END || fail',
    hasIPv6 && 'link set near addrgenmode none',
    `addr add ${near} peer ${far}/32 dev near`,
    hasIPv6 && `addr add ${nearIPv6}/126 dev near nodad`,
    'link set near up',
    `route add default via ${far}`,
    hasIPv6 && `route add default via ${farIPv6}`,
    'link show dev near',
    'END',
    '  "$nsenter" --net=/proc/$far/ns/net "$ip" link show dev far || fail',
    // As in containers, the worker may listen on any port.
    `  ${quietly(0, 'ipv4/ip_unprivileged_port_start')}`,
    `  echo $near >&${readyDescriptor}`,
    '} || exit',
    `exec ${readyDescriptor}>&-`,
    'read -r end',
  );
}

interface StarterMessage {
  readonly listening?: number;
  readonly names?: true;
  readonly ready?: true;
  readonly error?: string;
}

/** Resolves with the sockets of the far end. @throws Error with the starter's message */
async function receive(child: ChildProcess): Promise<SandboxNetwork> {
  const listeners = new Map<number, Server>();
  let names: DatagramSocket | undefined;
  const all = Promise.withResolvers<SandboxNetwork>();
  child.on('message', (message: StarterMessage, handle: unknown) => {
    if (message.listening !== undefined && handle instanceof Server) listeners.set(message.listening, handle);
    else if (message.names === true && handle instanceof DatagramSocket) names = handle;
    else if (message.ready === true && names !== undefined) all.resolve({ listeners, names });
    else all.reject(new Error(message.error ?? 'a socket of its network is missing'));
  });
  child.once('disconnect', () => all.reject(new Error('the setup of its network ended early')));
  try {
    return await all.promise;
  } catch (error) {
    for (const listener of listeners.values()) listener.close();
    names?.close();
    throw error;
  }
}

/** A network in which a sandbox can be started. */
export class NetworkLink {
  /** Start of a command line that runs the rest at the near end, without privileges over it. */
  readonly enter: readonly string[];
  /** Resolves once the runner has the sockets of the far end. The caller closes them. */
  readonly network: Promise<SandboxNetwork>;
  readonly #child: ChildProcess;

  /** Use `NetworkLink.open`. */
  constructor(child: ChildProcess, enter: readonly string[], network: Promise<SandboxNetwork>) {
    this.#child = child;
    this.enter = enter;
    this.network = network;
  }

  /**
   * @param owner user of the sandbox
   * @param tmp `/tmp` of the sandbox, whose namespaces it starts in
   * @throws Error with the setup's output if the system does not allow it; nothing is left running
   */
  static async open(
    bubblewrap: string,
    tools: NetworkTools,
    ports: readonly number[],
    owner: Owner | undefined,
    tmp: SharedTmp | undefined,
  ): Promise<NetworkLink> {
    const [program = '', ...command] = [
      [...(tmp?.enter ?? []), bubblewrap],
      ['--unshare-user', '--unshare-net', '--die-with-parent'],
      capabilities.flatMap((capability) => ['--cap-add', capability]),
      ['--dev-bind', '/', '/', '--', '/bin/sh', '-c', script(existsSync('/proc/net/if_inet6')), 'sh'],
      [
        tools.ip,
        tools.unshare,
        tools.nsenter,
        tools.node,
        tools.starter,
        networkAddresses.far,
        ports.join(','),
      ],
    ].flat();
    const child = spawn(program, command, {
      stdio: ['pipe', 'ignore', 'pipe', 'ipc', 'pipe', 'ignore', 'ignore', ...(tmp?.descriptors ?? [])],
      env: {},
      cwd: '/',
      detached: true,
      ...owner,
    });
    await once(child, 'spawn');
    child.on('error', () => undefined);
    // It may have exited already.
    child.stdin?.on('error', () => undefined);
    const network = receive(child);
    network.catch(() => {
      // Reported to the caller that awaits it.
    });
    try {
      const near = await nearProcess(child);
      const namespace = (name: string): string => `--${name}=/proc/${near}/ns/${name}`;
      const enter = [tools.nsenter, namespace('user'), namespace('net'), '--preserve-credentials', '--'];
      return new NetworkLink(child, enter, network);
    } catch (error) {
      await discard(child, network);
      throw error;
    }
  }

  /** Ends the setup process. The namespaces remain while processes or sockets use them. */
  leave(): void {
    leave(this.#child);
  }

  /** Ends the setup process and closes the sockets of the far end. */
  async discard(): Promise<void> {
    await discard(this.#child, this.network);
  }
}

function leave(child: ChildProcess): void {
  child.stdin?.destroy();
  child.stderr?.destroy();
  if (child.connected) child.disconnect();
}

async function discard(child: ChildProcess, network: Promise<SandboxNetwork>): Promise<void> {
  child.kill('SIGKILL');
  // The starter may still be running. It exits without the channel, and sends no more sockets.
  leave(child);
  const received = await network.catch(() => undefined);
  if (received !== undefined) await closeNetwork(received);
}

/** Waits until both ends are configured. @returns the id of a process at the near end */
async function nearProcess(child: ChildProcess): Promise<number> {
  const ready = (child.stdio as readonly unknown[])[readyDescriptor] as Readable;
  const printed = text(child.stderr as Readable);
  printed.catch(() => undefined);
  const settled = new AbortController();
  const said = await Promise.race([
    once(ready.setEncoding('utf8'), 'data', { signal: settled.signal }),
    once(ready, 'end', { signal: settled.signal }),
    setTimeout(limitMilliseconds, ['slow'], { signal: settled.signal }),
  ]).finally(() => {
    settled.abort();
    ready.destroy();
  });
  const process = Number(said[0]);
  if (process > 0) return process;
  if (said[0] === 'slow')
    throw new Error(`its network was not ready within ${limitMilliseconds / 1000} seconds`);
  throw new Error((await printed).trim() || 'the setup of its network ended early');
}

/** Closes the sockets of a far end; some may be closed already. */
export async function closeNetwork({ listeners, names }: SandboxNetwork): Promise<void> {
  const closed = [...listeners.values()].map(
    async (listener) =>
      new Promise<void>((resolve) => {
        listener.close(() => resolve());
      }),
  );
  await Promise.all([...closed, closeNames(names)]);
}

async function closeNames(names: DatagramSocket): Promise<void> {
  return new Promise((resolve) => {
    try {
      names.close(resolve);
    } catch {
      // It is closed already.
      resolve();
    }
  });
}
