/** The hosts that runs connect to. */
import type { RunHost } from '../../../../src/answers/run-hosts.ts';

type RefusalReason = RunHost['refusals'][number]['reason'];

const reasons: Readonly<Record<RefusalReason, string>> = {
  private_address: 'Not a public address',
  not_allowed: 'Not on the allow-list',
  port_not_listed: 'Port not supported without the proxy',
  name_not_found: 'Name not found',
  connection_refused: 'Connection refused by the host',
  unreachable: 'Host not reachable',
  no_answer: 'No answer in time',
  upstream_failed: 'Upstream proxy failed',
  connection_limit: 'Too many open connections',
  host_limit: 'Too many connections to this host',
  traffic_limit: 'Traffic limit reached',
  malformed_target: 'Not a valid host and port',
};

export const network = {
  emptyTitle: 'No connections',
  emptyLive: 'Hosts appear here about a second after the worker connects to them.',
  emptyEnded: 'The worker connected to no host, or the run is from before hosts were recorded.',
  search: 'Search hosts',
  noMatch: 'No hosts match.',
  host: 'Host',
  otherHosts: 'Other hosts',
  otherHostsHint: 'A run lists up to about 1,000 hosts. This is the sum of all others.',
  connections: 'Connections',
  sent: 'Sent',
  received: 'Received',
  refused: 'Refused',
  first: 'First',
  last: 'Last',
  reasons,
  reasonCount: (reason: string, count: string) => `${reason} (${count})`,
  totals: (connections: string, refused: string, sent: string, received: string) =>
    `Connections: ${connections} · Refused: ${refused} · Sent: ${sent} · Received: ${received}`,
};
