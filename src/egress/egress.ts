/** The hosts that runs connect to: the ledger, allow-lists proposed from it, and limits per host. */
export { EgressLedger, type OpenSubtask } from './egress-ledger.ts';
export type { SubtaskHosts } from './host-counts.ts';
export { type HostGate, HostLimitError, HostLimiter } from './host-limiter.ts';
export { type HostRecord, RunHosts, hostSorts } from './run-hosts.ts';
