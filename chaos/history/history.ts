/**
 * What the API's clients saw, in the order in which it ended, with times on one monotonic clock. The checker compares it
 * with what the documents promise.
 */
import { appendFile } from 'node:fs/promises';
import type { RunStatus } from '../../src/runs/statuses.ts';

/** Milliseconds since the harness started, on its monotonic clock. */
export interface Period {
  readonly beganMs: number;
  readonly endedMs: number;
}

/** A request and how it was answered. */
export interface Call extends Period {
  readonly client: string;
  /** Status of the response; 0 if none arrived, so that nobody knows whether the request took effect. */
  readonly http: number;
  /** `code` of the envelope; undefined if the body is no envelope. */
  readonly code?: number;
  /** Why there was no answer, what is wrong with the envelope, or the message of an error. */
  readonly problem?: string;
}

export interface RunState {
  readonly status: RunStatus;
  readonly results: number;
  readonly finishedAt: number;
  readonly endReason: string;
}

export type Observation =
  /** A run was started, or started again, with an idempotency key. */
  | (Call & { readonly op: 'start'; readonly key: string; readonly run?: string })
  /** The newest run of the worker was read. */
  | (Call & { readonly op: 'last'; readonly run?: string })
  | (Call & { readonly op: 'read'; readonly run: string; readonly state?: RunState })
  /** Rows were read; each is named by what its worker pushed. */
  | (Call & {
      readonly op: 'page';
      readonly run: string;
      readonly page: number;
      readonly rows?: readonly string[];
    })
  | (Call & { readonly op: 'abort'; readonly run: string })
  /** The platform had acknowledged this many rows to the workers of the run. */
  | (Period & { readonly op: 'acknowledged'; readonly run: string; readonly rows: number })
  | (Period & { readonly op: 'fault'; readonly kind: string; readonly target: string });

export type Operation = Observation['op'];
export type Seen<Op extends Operation> = Extract<Observation, { op: Op }>;

/** Whether the platform answered that it did what the call asked for. */
export function succeeded(call: Call): boolean {
  return call.http >= 200 && call.http < 300 && call.code === 0;
}

export class History {
  readonly #observations: Observation[];

  constructor(observations: Observation[] = []) {
    this.#observations = observations;
  }

  get size(): number {
    return this.#observations.length;
  }

  add(observation: Observation): void {
    this.#observations.push(observation);
  }

  of<Op extends Operation>(op: Op): Seen<Op>[] {
    return this.#observations.filter((one): one is Seen<Op> => one.op === op);
  }

  calls(): Extract<Observation, Call>[] {
    return this.#observations.filter((one): one is Extract<Observation, Call> => 'http' in one);
  }

  /** Writes one line of JSON per observation. */
  async write(file: string): Promise<void> {
    const chunkSize = 10_000;
    for (let from = 0; from < this.size; from += chunkSize) {
      const lines = this.#observations.slice(from, from + chunkSize).map((one) => JSON.stringify(one));
      await appendFile(file, `${lines.join('\n')}\n`);
    }
  }
}

/** Observations by what `key` names, such as their run, each list in the order in which they ended. */
export function grouped<T extends Period>(
  observations: readonly T[],
  key: (one: T) => string,
): Map<string, T[]> {
  const groups = Map.groupBy(observations, key);
  for (const group of groups.values()) group.sort((one, other) => one.endedMs - other.endedMs);
  return groups;
}
