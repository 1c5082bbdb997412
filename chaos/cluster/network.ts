/**
 * The network of the cluster: a bridge on which PostgreSQL and the callback receivers listen, and a network namespace for
 * each node, joined to it by a pair of virtual interfaces. Needs root and the programs of iproute2.
 */
import { command } from './command.ts';

/** Both are noticed differently: a link that is down has no carrier, and silence is only noticed by waiting. */
export type Cut = 'link-down' | 'silence';

/** States of a port of a bridge (`bridge link`): all frames are dropped, or forwarded. */
const portState = { disabled: '0', forwarding: '3' } as const;

export class Network {
  readonly #id: number;
  readonly #hosts = new Map<string, number>();

  /** @param id distinguishes it from other networks of this machine */
  constructor(id: number) {
    this.#id = id % 100_000;
  }

  /** @returns why this machine cannot have such a network: its kernel or its container forbids it */
  static async obstacle(): Promise<string | undefined> {
    const trial = new Network(process.pid);
    try {
      await trial.open();
      await trial.join('trial');
      return undefined;
    } catch (error) {
      return (error as Error).message;
    } finally {
      await trial.close().catch(() => undefined);
    }
  }

  /** The address of everything that is not a node, such as PostgreSQL. */
  get hostAddress(): string {
    return this.#address(1);
  }

  /** All its addresses, in CIDR notation. */
  get range(): string {
    return `${this.#address(0)}/24`;
  }

  get #bridge(): string {
    return `chaos-${this.#id}`;
  }

  #address(host: number): string {
    return `10.213.${this.#id % 256}.${host}`;
  }

  /** The bridge's end of a node's link. Names of interfaces have a maximum of 15 characters. */
  #port(node: string): string {
    return `cha-${this.#id}-${this.#hosts.get(node)}`;
  }

  #namespace(node: string): string {
    return `chaos-${this.#id}-${node}`;
  }

  async open(): Promise<void> {
    await command('ip', 'link', 'add', this.#bridge, 'type', 'bridge');
    await command('ip', 'address', 'add', `${this.hostAddress}/24`, 'dev', this.#bridge);
    await command('ip', 'link', 'set', this.#bridge, 'up');
  }

  /** @returns address of the node */
  async join(node: string): Promise<string> {
    const host = 10 + this.#hosts.size;
    this.#hosts.set(node, host);
    const [namespace, port, address] = [this.#namespace(node), this.#port(node), this.#address(host)];
    await command('ip', 'netns', 'add', namespace);
    await command('ip', 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    await command('ip', 'link', 'set', port, 'master', this.#bridge, 'up');
    const inside = (...argv: string[]) => command('ip', '-n', namespace, ...argv);
    await inside('address', 'add', `${address}/24`, 'dev', 'eth0');
    await inside('link', 'set', 'lo', 'up');
    await inside('link', 'set', 'eth0', 'up');
    return address;
  }

  /** What starts a program in the namespace of a node, in the same process. */
  within(node: string): string[] {
    return ['nsenter', `--net=/run/netns/${this.#namespace(node)}`, '--'];
  }

  async cut(node: string, how: Cut): Promise<void> {
    const port = this.#port(node);
    if (how === 'link-down') await command('ip', 'link', 'set', port, 'down');
    else await command('bridge', 'link', 'set', 'dev', port, 'state', portState.disabled);
  }

  async mend(node: string, how: Cut): Promise<void> {
    const port = this.#port(node);
    if (how === 'link-down') await command('ip', 'link', 'set', port, 'up');
    else await command('bridge', 'link', 'set', 'dev', port, 'state', portState.forwarding);
  }

  async close(): Promise<void> {
    for (const node of this.#hosts.keys()) await command('ip', 'netns', 'delete', this.#namespace(node));
    await command('ip', 'link', 'delete', this.#bridge);
  }
}
