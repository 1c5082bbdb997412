/**
 * The transparent network of a worker: connections that it opens without its proxy, by name or by address, go through a
 * session of the egress proxy, which treats them like requests to the proxy. TLS is not terminated.
 */
import { isIPv4, isIPv6, type Socket } from 'node:net';
import { settings, type Config } from '../../configuration/configuration.ts';
import type { ProxySession } from '../proxy/egress-proxy.ts';
import type { SandboxNetwork } from '../sandbox.ts';
import { AddressBook, isStandIn } from './address-book.ts';
import { NameServer } from './name-server.ts';

const namePort = 53;
/** Often-used ports that are listened on only to log why they are refused. Others are refused by the kernel. */
const toldPorts = [21, 22, 23, 25, 853];

type NetworkConfig = Pick<Config, 'workerPorts'>;

/** Ports with which to open the sandbox's network. */
export function networkPorts({ workerPorts }: NetworkConfig): number[] {
  return [...new Set([namePort, ...workerPorts, ...toldPorts])].toSorted((a, b) => a - b);
}

/** Without the prefix that a dual-stack socket adds to IPv4 addresses. */
function plainAddress(address: string): string {
  const [, mapped = ''] = /^::ffff:([\d.]+)$/.exec(address) ?? [];
  return isIPv4(mapped) ? mapped : address;
}

/**
 * Serves the sockets of a sandbox's network.
 * @param session relays the connections; its notices go to the run's log
 */
export function serveWorkerNetwork(
  { workerPorts }: NetworkConfig,
  { listeners, names }: SandboxNetwork,
  session: ProxySession,
): void {
  const carried = new Set(workerPorts);
  const book = new AddressBook();
  const hasIPv6 = [...listeners.values()].some((listener) => {
    const at = listener.address();
    return typeof at === 'object' && at !== null && isIPv6(at.address);
  });
  const nameServer = new NameServer({ book, hasIPv6, onNotice: (message) => session.notice(message) });
  nameServer.serveDatagrams(names);

  const accept = (client: Socket, port: number): void => {
    const { localAddress } = client;
    if (localAddress === undefined) {
      client.destroy();
      return;
    }
    if (port === namePort) {
      nameServer.serveConnection(client);
      return;
    }
    const address = plainAddress(localAddress);
    const host = isStandIn(address) ? book.nameOf(address) : address;
    const shown = host ?? address;
    const place = isIPv6(shown) ? `[${shown}]:${port}` : `${shown}:${port}`;
    if (!carried.has(port)) {
      const { environment } = settings.workerPorts;
      session.refuse(client, {
        host: shown,
        port,
        reason: 'port_not_listed',
        message: `${place} was refused: workers cannot connect to port ${port} (${environment} lists those they can)`,
      });
    } else if (host === undefined) {
      session.refuse(client, {
        host: shown,
        port,
        reason: 'name_not_found',
        message: `${place} was refused: no name was resolved to this address`,
      });
    } else {
      session.carry(client, { host, port });
    }
  };
  for (const [port, listener] of listeners) {
    listener.on('connection', (client: Socket) => accept(client, port));
  }
}
