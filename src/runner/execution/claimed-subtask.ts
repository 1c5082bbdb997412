import type { Claim, LimitsInForce } from '../../runs/runs.ts';
import type { RunStatus } from '../../runs/statuses.ts';
import type { Language } from '../../workers/workers.ts';

/** A subtask that this runner is executing, with everything it needs. */
export interface ClaimedSubtask extends Claim {
  /** The run's fence when it was claimed. */
  readonly fence: number;
  /** The worker's input as JSON text. */
  readonly input: string;
  readonly account_id: number;
  readonly run_id: number;
  readonly run_slug: string;
  readonly run_status: RunStatus;
  readonly day: string;
  readonly limits: LimitsInForce;
  readonly subtask_count: number;
  /** Of its worker; null allows every host. */
  readonly allowed_hosts: readonly string[] | null;
  readonly version_id: number;
  readonly package_hash: string;
  readonly language: Language;
  readonly entry: string;
  readonly version: string;
  /** Of the run's span; null if the run is not traced. */
  readonly traceparent: string | null;
}
