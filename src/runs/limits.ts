import type { Config } from '../configuration/configuration.ts';

/** What the request may say under `input.parameters.system`; every field is optional. */
export interface SystemParameters {
  /** Processors' worth of time. */
  readonly cpus?: number;
  /** MiB. */
  readonly memory?: number;
  readonly execute_limit_time_seconds?: number;
  readonly max_total_charge?: number;
  /** Bytes; 0 is unlimited. */
  readonly max_total_traffic?: number;
  readonly proxy_region?: string;
}

/** The system parameters of a run with every default filled in. */
export type LimitsInForce = Required<SystemParameters>;

/** The limits a run gets that names none. */
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
