/**
 * Limits the connections of each account to each host, across runs and runners. Connections beyond the limit wait for their
 * turn, up to a limit. Turns are granted by the database, all hosts of this runner together.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { canonicalHost } from '../addresses/addresses.ts';
import type { Config } from '../configuration/configuration.ts';
import type { Database } from '../database/database.ts';
import type { Events } from '../events/events.ts';
import { Periodic } from '../services/periodic.ts';
import { StartStop } from '../services/service.ts';
import { TriggeredWork } from '../services/triggered-work.ts';
import {
  grantConnections,
  removeIdleHosts,
  type HostGrant,
  type HostLimits,
  type HostRequest,
} from './host-grants.ts';

/** Time between requests for connections that got no turn, or to return those that were closed. */
const retryMilliseconds = 200;
const removalMilliseconds = 60_000;

/** A connection waited for its turn as long as it may. */
export class HostLimitError extends Error {
  override name = 'HostLimitError';
}

interface Turn {
  readonly delayMilliseconds: number;
  readonly runnerId: number;
}

type TakeTurn = (turn: Turn) => void;

/** Connections of an account to a host that this runner has to request or to return. */
interface HostQueue {
  readonly accountId: number;
  readonly host: string;
  /** In the order of arrival. */
  readonly waiting: Set<TakeTurn>;
  returned: number;
}

/** The limiter for one account. */
export interface HostGate {
  /**
   * Waits for a turn to connect.
   * @param host a name in ASCII or an address
   * @returns a function to call once the connection is closed, or could not be opened
   * @throws HostLimitError, or the reason of the signal
   */
  pass(host: string, signal: AbortSignal): Promise<() => void>;
}

export type HostLimitConfig = Pick<
  Config,
  'hostConnectionsPerSecond' | 'hostConnectionLimit' | 'hostConnectionWaitSeconds'
>;

function keyOf(accountId: number, host: string): string {
  return `${accountId} ${host}`;
}

export class HostLimiter extends StartStop {
  readonly name = 'host limits';
  readonly #database: Database;
  readonly #limits: HostLimits;
  readonly #queues = new Map<string, HostQueue>();
  readonly #rounds: TriggeredWork;
  readonly #removals: Periodic;
  #timer: NodeJS.Timeout | undefined;
  #runnerId = 0;
  #isRunning = false;

  constructor({ database, events, config }: { database: Database; events: Events; config: HostLimitConfig }) {
    super();
    this.#database = database;
    this.#limits = {
      perSecond: config.hostConnectionsPerSecond,
      open: config.hostConnectionLimit,
      waitSeconds: config.hostConnectionWaitSeconds,
    };
    this.#rounds = new TriggeredWork({
      work: () => this.#request(),
      onError: (err) => events.failed({ work: 'grant-connections', err }),
    });
    this.#removals = new Periodic({
      intervalMilliseconds: removalMilliseconds,
      work: () => removeIdleHosts(database),
      onError: (err) => events.failed({ work: 'forget-hosts', err }),
    });
  }

  /** Connections are granted to this runner from now on. */
  runAs(runnerId: number): void {
    this.#runnerId = runnerId;
  }

  /** @returns undefined if connections are not limited */
  gate(accountId: number): HostGate | undefined {
    if (!this.#isEnabled) return undefined;
    return { pass: async (host, signal) => this.#pass(accountId, canonicalHost(host), signal) };
  }

  get #isEnabled(): boolean {
    return this.#limits.perSecond > 0 || this.#limits.open > 0;
  }

  protected override async begin(): Promise<void> {
    this.#isRunning = true;
    if (this.#isEnabled) this.#removals.start();
  }

  protected override async end(): Promise<void> {
    this.#isRunning = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#removals.stop();
    await this.#rounds.stop();
    this.#queues.clear();
  }

  async #pass(accountId: number, host: string, signal: AbortSignal): Promise<() => void> {
    const turn = await this.#turn(this.#queue(accountId, host), signal);
    let isHeld = true;
    const release = (): void => {
      if (isHeld) this.#return(accountId, host, turn);
      isHeld = false;
    };
    try {
      if (turn.delayMilliseconds > 0) await delay(turn.delayMilliseconds, undefined, { signal });
      return release;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Waits until a connection is granted. */
  async #turn({ waiting }: HostQueue, signal: AbortSignal): Promise<Turn> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Turn>();
    const leave = (reason: unknown): void => {
      waiting.delete(resolve);
      reject(reason);
    };
    const onAbort = (): void => leave(signal.reason);
    const late = setTimeout(
      () => leave(new HostLimitError('no turn to connect')),
      this.#limits.waitSeconds * 1000,
    );
    signal.addEventListener('abort', onAbort);
    waiting.add(resolve);
    this.#rounds.trigger();
    try {
      return await promise;
    } finally {
      clearTimeout(late);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Connections that were granted under an earlier lease have ended with it. */
  #return(accountId: number, host: string, { runnerId }: Turn): void {
    if (this.#limits.open === 0 || runnerId !== this.#runnerId) return;
    this.#queue(accountId, host).returned += 1;
    this.#schedule();
  }

  #queue(accountId: number, host: string): HostQueue {
    const key = keyOf(accountId, host);
    const queue = this.#queues.get(key) ?? { accountId, host, waiting: new Set(), returned: 0 };
    this.#queues.set(key, queue);
    return queue;
  }

  #schedule(): void {
    if (!this.#isRunning) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#rounds.trigger();
    }, retryMilliseconds);
  }

  async #request(): Promise<void> {
    for (const [key, { waiting, returned }] of this.#queues)
      if (waiting.size === 0 && returned === 0) this.#queues.delete(key);
    if (this.#queues.size === 0 || !this.#isRunning) return;
    const runnerId = this.#runnerId;
    const requests = Array.from(this.#queues.values(), takeRequest);
    let grants: HostGrant[] = [];
    try {
      grants = await grantConnections(this.#database, runnerId, this.#limits, requests);
      for (const grant of grants) this.#give(grant, runnerId);
    } finally {
      this.#giveBack(requests, grants);
      if (this.#queues.values().some(({ waiting, returned }) => waiting.size > 0 || returned > 0))
        this.#schedule();
    }
  }

  /** Keeps what was to be returned and is not: all of it after a failure, or if a host is removed as idle meanwhile. */
  #giveBack(requests: readonly HostRequest[], grants: readonly HostGrant[]): void {
    const done = new Set(grants.map(({ account_id: accountId, host }) => keyOf(accountId, host)));
    for (const { accountId, host, returned } of requests)
      if (!done.has(keyOf(accountId, host))) this.#queue(accountId, host).returned += returned;
  }

  #give({ account_id: accountId, host, count, delay_ms: delayMs }: HostGrant, runnerId: number): void {
    const { waiting } = this.#queue(accountId, host);
    const spacing = this.#limits.perSecond === 0 ? 0 : 1000 / this.#limits.perSecond;
    for (let index = 0; index < count; index += 1) {
      const turn = { delayMilliseconds: Math.max(0, delayMs) + index * spacing, runnerId };
      const [take] = waiting;
      if (take === undefined) {
        // Those who waited have left.
        this.#return(accountId, host, turn);
      } else {
        waiting.delete(take);
        take(turn);
      }
    }
  }
}

function takeRequest(queue: HostQueue): HostRequest {
  const { accountId, host, waiting, returned } = queue;
  queue.returned = 0;
  return { accountId, host, wanted: waiting.size, returned };
}
