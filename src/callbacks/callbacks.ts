/** The façade of callbacks: they report status changes to the callback URL of a run. */
import type { PoolClient } from 'pg';
import { settings, type Config } from '../configuration/configuration.ts';
import type { Database } from '../database/database.ts';
import { ChelaError, invalidArgument } from '../errors.ts';
import type { Events } from '../events/events.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { StatusCallbacks } from '../runs/runs.ts';
import { Deliverer } from './deliverer.ts';
import type { ExchangeOutcome } from './exchange.ts';
import { CallbackReader } from './read.ts';
import { deliverCallbacks, recordStatus, type DeliverData } from './recorder.ts';
import { generateCallbackSecret } from './signature.ts';
import { AddressGuard, AllowList } from '../addresses/addresses.ts';
import { urlRefusal } from './callback-url.ts';

export type { CallbackRecord } from './read.ts';

/**
 * Maximum concurrent deliveries to one receiver, over all processes, so that a slow receiver does not delay the others.
 */
const receiverConcurrency = 4;
/**
 * Deliveries of a process that wait for slow receivers. They take no places from others, because they cost little more
 * than a socket each.
 */
const slowConcurrency = 400;

interface CallbacksOptions {
  readonly database: Database;
  readonly jobs: Jobs;
  readonly config: Pick<
    Config,
    'callbackAllowedTargets' | 'callbackTimeoutSeconds' | 'callbackRetrySeconds' | 'callbackConcurrency'
  >;
  readonly version: string;
  readonly events: Events;
}

export interface CallbackSettings {
  /** `''` if none is set. */
  readonly callbackUrl: string;
  readonly hasSecret: boolean;
}

export class Callbacks implements StatusCallbacks {
  readonly read: CallbackReader;
  readonly #database: Database;
  readonly #jobs: Jobs;
  readonly #guard: AddressGuard;
  readonly #deliverer: Deliverer;

  /** Deliveries run on the given jobs once those are started. */
  constructor({ database, jobs, config, version, events }: CallbacksOptions) {
    this.#database = database;
    this.#jobs = jobs;
    this.#guard = new AddressGuard({
      allowed: new AllowList(config.callbackAllowedTargets),
      setting: settings.callbackAllowedTargets.environment,
    });
    this.read = new CallbackReader(database);
    this.#deliverer = new Deliverer({
      database,
      jobs,
      guard: this.#guard,
      timeoutSeconds: config.callbackTimeoutSeconds,
      retrySeconds: config.callbackRetrySeconds,
      version,
      events,
    });
    const deliver = async (job: { readonly data: DeliverData }): Promise<void> =>
      this.#deliverer.deliver(job.data.runId);
    jobs.work(deliverCallbacks, config.callbackConcurrency, deliver, {
      groupConcurrency: receiverConcurrency,
      slowConcurrency,
    });
  }

  /** Checks the URL without resolving its name. */
  check(callbackUrl: string): void {
    const url = URL.parse(callbackUrl);
    if (url === null) throw new ChelaError('INVALID_SHAPE', 'callback_url must be an http or https URL');
    const refusal = urlRefusal(url, this.#guard);
    if (refusal !== undefined) throw invalidArgument(`callback_url ${refusal}`);
  }

  record(client: PoolClient, runIds: readonly number[]): Promise<void> {
    return recordStatus(client, this.#jobs, runIds);
  }

  async settings(accountId: number): Promise<CallbackSettings> {
    const { rows } = await this.#database.pool.query<CallbackSettings>({
      name: 'callback-settings',
      text: `SELECT coalesce(callback_url, '') AS "callbackUrl", callback_secret IS NOT NULL AS "hasSecret"
             FROM account WHERE id = $1`,
      values: [accountId],
    });
    return rows[0] ?? { callbackUrl: '', hasSecret: false };
  }

  /**
   * Sets the callback URL of runs that have none of their own. Runs that exist keep theirs.
   * @param callbackUrl undefined for none
   * @throws ChelaError if callbacks may not be sent to it
   */
  async setUrl(accountId: number, callbackUrl: string | undefined): Promise<void> {
    if (callbackUrl !== undefined) this.check(callbackUrl);
    await this.#database.sql
      .updateTable('account')
      .set({ callback_url: callbackUrl ?? null })
      .where('id', '=', accountId)
      .execute();
  }

  /** Sends a test to a URL, once, signed as callbacks of the account are. @throws ChelaError if it may not be sent there */
  async test(accountId: number, callbackUrl: string): Promise<ExchangeOutcome> {
    this.check(callbackUrl);
    return this.#deliverer.test(accountId, callbackUrl);
  }

  /** Signs the account's callbacks with a new secret from now on. @returns the secret */
  async renewSecret(accountId: number): Promise<string> {
    const secret = generateCallbackSecret();
    await this.#setSecret(accountId, secret);
    return secret;
  }

  /** Stops signing the account's callbacks. */
  removeSecret(accountId: number): Promise<void> {
    return this.#setSecret(accountId, null);
  }

  async #setSecret(accountId: number, secret: string | null): Promise<void> {
    await this.#database.sql
      .updateTable('account')
      .set({ callback_secret: secret })
      .where('id', '=', accountId)
      .execute();
  }
}
