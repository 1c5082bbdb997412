import type { Config } from '../configuration/configuration.ts';

/** Options in `input.parameters.system` of a request; all are optional. */
export interface SystemParameters {
  /** Number of CPUs. */
  readonly cpus?: number;
  /** MiB. */
  readonly memory?: number;
  readonly execute_limit_time_seconds?: number;
  readonly max_total_charge?: number;
  /** Bytes; 0 for no limit. */
  readonly max_total_traffic?: number;
  readonly proxy_region?: string;
  /** Hosts that the run may connect to, among those of its worker. */
  readonly allowed_hosts?: readonly string[];
}

/** The system parameters of a run, including all defaults. Without `allowed_hosts` it may connect to those of its worker. */
export type LimitsInForce = Required<Omit<SystemParameters, 'allowed_hosts'>> &
  Pick<SystemParameters, 'allowed_hosts'>;

/** The limits of a run that sets none. */
export function defaultLimits(
  config: Pick<Config, 'defaultCpus' | 'defaultMemoryMegabytes' | 'defaultTimeLimitSeconds'>,
): LimitsInForce {
  return {
    cpus: config.defaultCpus,
    memory: config.defaultMemoryMegabytes,
    execute_limit_time_seconds: config.defaultTimeLimitSeconds,
    max_total_charge: 0,
    max_total_traffic: 0,
    proxy_region: '',
  };
}
