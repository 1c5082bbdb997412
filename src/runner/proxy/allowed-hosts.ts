/** Refuses targets that are not on the allow-lists of a worker and its run. */
import type { HostList } from '../../addresses/addresses.ts';
import { DialError } from './dial-error.ts';
import { targetText, type Target } from './target.ts';

/** Lists that a target must all be on; every target is allowed where there is none. */
export interface AllowedHosts {
  readonly worker?: HostList | undefined;
  readonly run?: HostList | undefined;
}

/** @throws DialError */
export function checkAllowed({ worker, run }: AllowedHosts, target: Target): void {
  const { host, port } = target;
  if (worker !== undefined && !worker.allows(host, port)) {
    throw new DialError(
      'not allowed',
      `${targetText(target)} is not on the worker's allow-list: its owner can add it in the settings of the worker`,
    );
  }
  if (run !== undefined && !run.allows(host, port)) {
    throw new DialError(
      'not allowed',
      `${targetText(target)} is not on the run's allow-list, which it was started with (allowed_hosts)`,
    );
  }
}
