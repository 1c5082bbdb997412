/** What became of connections that workers asked for. docs/proxy.md explains each reason. */

export const refusalReasons = [
  'private_address',
  'not_allowed',
  'port_not_listed',
  'name_not_found',
  'connection_refused',
  'unreachable',
  'no_answer',
  'upstream_failed',
  'connection_limit',
  'host_limit',
  'traffic_limit',
  'malformed_target',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

export const connectionOutcomes = ['connected', ...refusalReasons] as const;
export type ConnectionOutcome = (typeof connectionOutcomes)[number];
