/** The proxy of a subtask without a sandbox, on a free loopback port, for one test. */
import { createServer } from 'node:net';
import type { HostGate } from '../../../../src/egress/egress.ts';
import { readConfig, type Config } from '../../../../src/configuration/configuration.ts';
import {
  EgressProxy,
  type AllowedHosts,
  randomCredentials,
  type ProxyCredentials,
  type ProxySession,
} from '../../../../src/runner/proxy/egress-proxy.ts';
import { onTestFinished } from 'vitest';
import { countHosts, type CountedHost } from './counted-hosts.ts';
import { listen, type Listening } from './servers.ts';

export interface ServedProxy extends Listening {
  readonly session: ProxySession;
  readonly credentials: ProxyCredentials;
  /** Messages for the run's log. */
  readonly notices: string[];
  /** Bytes counted so far. */
  readonly traffic: () => number;
  readonly hosts: () => CountedHost[];
}

/** @param overrides settings; by default all targets on loopback are allowed */
export async function serveProxy(
  overrides: Partial<Config> = {},
  region = '',
  allowed: AllowedHosts = {},
  gate?: HostGate,
): Promise<ServedProxy> {
  const proxyAllowedTargets = ['127.0.0.0/8', '::1'];
  const proxy = new EgressProxy({ ...readConfig({}), proxyAllowedTargets, ...overrides });
  const listener = createServer();
  const credentials = randomCredentials();
  const notices: string[] = [];
  const { ledger, counted } = countHosts();
  let traffic = 0;
  const session = proxy.serve({
    listener,
    credentials,
    region,
    ledger,
    allowed,
    gate,
    onTraffic: (bytes) => {
      traffic += bytes;
    },
    onNotice: (message) => notices.push(message),
  });
  const listening = await listen(listener);
  onTestFinished(() => session.close());
  return { ...listening, session, credentials, notices, traffic: () => traffic, hosts: counted };
}
