/**
 * The proxy that connects sandboxes to the network. Each subtask's worker has it on a port of its own loopback, with
 * its own credentials. It restricts the targets, chooses the upstream and counts the traffic.
 */
import type { Server } from 'node:net';
import { settings, type Config } from '../../configuration/configuration.ts';
import { AddressGuard, AllowList, resolveByDns } from '../../addresses/addresses.ts';
import type { HostGate } from '../../egress/egress.ts';
import type { AllowedHosts } from './allowed-hosts.ts';
import type { ConnectionLedger } from './connection-ledger.ts';
import type { ProxyCredentials } from './credentials.ts';
import { Dialer } from './dialer.ts';
import { ProxySession, type ProxyLimits } from './proxy-session.ts';
import { TargetResolver } from './target-resolver.ts';
import { parseUpstream } from './upstream.ts';

export { areCredentials } from './credentials.ts';
export { farewell } from './farewell.ts';
export { relay } from './relay.ts';

export { credentialsText, randomCredentials, secretsOf } from './credentials.ts';
export type { ProxyCredentials } from './credentials.ts';
export type { AllowedHosts } from './allowed-hosts.ts';
export type { ConnectionLedger } from './connection-ledger.ts';
export type { ProxySession } from './proxy-session.ts';

/** The address of the proxy in every sandbox. */
export const proxyAddress = { host: '127.0.0.1', port: 6000 } as const;

export interface ServedSubtask {
  /** Undefined if the caller passes connections to the session itself. */
  readonly listener?: Server | undefined;
  /** Not required if undefined, as for a browser, which is alone in its sandbox. */
  readonly credentials: ProxyCredentials | undefined;
  /** The run's proxy_region. If empty or unknown, the first configured region is used. */
  readonly region: string;
  readonly ledger: ConnectionLedger;
  /** Hosts that the subtask may connect to. */
  readonly allowed: AllowedHosts;
  /** Limits connections to one host; undefined if there is no limit. */
  readonly gate?: HostGate | undefined;
  readonly onTraffic: (bytes: number) => void;
  readonly onNotice: (message: string) => void;
}

type ProxyConfig = Pick<
  Config,
  | 'proxyRegions'
  | 'proxyAllowedTargets'
  | 'proxyConnectionLimit'
  | 'proxyConnectTimeoutSeconds'
  | 'proxyIdleTimeoutSeconds'
>;

export class EgressProxy {
  readonly #limits: ProxyLimits;
  /** By region code, in configured order. */
  readonly #dialers: ReadonlyMap<string, Dialer>;
  readonly #defaultDialer: Dialer;

  /** @param guard resolves and checks targets; by default as configured */
  constructor(config: ProxyConfig, guard: AddressGuard = proxyGuard(config)) {
    const resolver = new TargetResolver(guard);
    this.#limits = {
      connections: config.proxyConnectionLimit,
      connectMilliseconds: config.proxyConnectTimeoutSeconds * 1000,
      idleMilliseconds: config.proxyIdleTimeoutSeconds * 1000,
    };
    this.#dialers = new Map(
      Array.from(config.proxyRegions, ([code, url]) => [code, new Dialer(resolver, parseUpstream(url))]),
    );
    const [first = new Dialer(resolver, undefined)] = this.#dialers.values();
    this.#defaultDialer = first;
  }

  /** Serves the proxy of one subtask until the session is closed. */
  serve({ listener, region, ...rest }: ServedSubtask): ProxySession {
    const dialer = this.#dialers.get(region.toUpperCase()) ?? this.#defaultDialer;
    const session = new ProxySession({ ...rest, dialer, limits: this.#limits });
    if (listener !== undefined) session.serve(listener);
    return session;
  }
}

function proxyGuard({ proxyAllowedTargets }: ProxyConfig): AddressGuard {
  return new AddressGuard({
    allowed: new AllowList(proxyAllowedTargets),
    setting: settings.proxyAllowedTargets.environment,
    resolve: resolveByDns(),
  });
}
