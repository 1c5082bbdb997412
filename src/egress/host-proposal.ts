/** Proposes an allow-list from the hosts that earlier runs connected to. */
import { isIP, isIPv6 } from 'node:net';
import { getDomain } from 'tldts';
import type { Database } from '../database/database.ts';

/** Number of successful runs that a proposal is made from. */
const runLimit = 20;
/** Maximum number of entries. */
const entryLimit = 500;
/** From this number of subdomains on, they become a wildcard. */
const subdomainsPerWildcard = 4;
/** Further ports of a host become an entry for all its ports. */
const portsPerHost = 4;
/** Hosts that are only connected to at these ports get an entry without a port. */
const webPorts = new Set([80, 443]);

interface SeenHost {
  readonly host: string;
  readonly port: number;
}

export interface HostProposal {
  /** Entries of an allow-list. */
  readonly hosts: readonly string[];
  /** Number of runs that it is made from. */
  readonly runs: number;
  /** Whether it has every host of these runs. */
  readonly isComplete: boolean;
}

/** Reads the newest successful runs of an account with a worker. */
export async function proposeHosts(
  database: Database,
  { accountId, workerKey }: { readonly accountId: number; readonly workerKey: number },
): Promise<HostProposal> {
  const { rows: runs } = await database.pool.query<{ id: number }>(
    `SELECT id FROM run WHERE account_id = $1 AND worker_id = $2 AND status = 'succeeded' ORDER BY id DESC LIMIT $3`,
    [accountId, workerKey, runLimit],
  );
  const { rows } = await database.pool.query<SeenHost>(
    `SELECT DISTINCT host, port FROM run_host WHERE run_id = ANY($1) AND outcome = 'connected' ORDER BY host, port`,
    [runs.map(({ id }) => id)],
  );
  // Addresses of IPv4 in the notation of IPv6 can only be reached if the operator allows them, and no list has them.
  const seen = rows.filter(({ host }) => host !== '' && !host.startsWith('::ffff:'));
  const entries = collapsedHosts(seen);
  return {
    hosts: entries.slice(0, entryLimit),
    runs: runs.length,
    isComplete: seen.length === rows.length && entries.length <= entryLimit,
  };
}

/** A list of few entries that allows the hosts: without the ports of the web, and with wildcards for many subdomains. */
export function collapsedHosts(seen: readonly SeenHost[]): string[] {
  const ports = new Map<string, number[]>();
  for (const { host, port } of seen) ports.set(host, [...(ports.get(host) ?? []), port]);
  const entries: string[] = [];
  const byDomain = new Map<string, string[]>();
  for (const [host, used] of ports) {
    const isWeb = used.every((port) => webPorts.has(port));
    const domain = isWeb && isIP(host) === 0 ? getDomain(host, { allowPrivateDomains: true }) : null;
    if (domain === null || domain === host) entries.push(...entriesOf(host, isWeb ? [] : used));
    else byDomain.set(domain, [...(byDomain.get(domain) ?? []), host]);
  }
  for (const names of byDomain.values()) entries.push(...collapsedNames(names));
  return entries.toSorted();
}

function entriesOf(host: string, ports: readonly number[]): string[] {
  if (ports.length === 0 || ports.length > portsPerHost) return [host];
  return ports.map((port) => (isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`));
}

/** @param names subdomains of one domain */
function collapsedNames(names: readonly string[]): string[] {
  if (names.length < subdomainsPerWildcard) return [...names];
  const common = commonParent(names);
  return [`*.${common}`, ...names.filter((name) => name === common)];
}

/** The longest name that all names equal or are subdomains of. */
function commonParent(names: readonly string[]): string {
  const [first = [], ...others] = names.map((name) => name.split('.').toReversed());
  const differs = first.findIndex((label, index) => others.some((other) => other[index] !== label));
  return first
    .slice(0, differs < 0 ? first.length : differs)
    .toReversed()
    .join('.');
}
