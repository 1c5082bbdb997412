/** The façade of callbacks: they report status changes to the callback URL of a run. */
import type { PoolClient } from 'pg';
import { settings, type Config } from '../configuration/configuration.ts';
import type { Database } from '../database/database.ts';
import { ChelaError, invalidArgument } from '../errors.ts';
import type { Events } from '../events/events.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { StatusCallbacks } from '../runs/runs.ts';
import { Deliverer } from './deliverer.ts';
import { CallbackReader } from './read.ts';
import { deliverCallbacks, recordStatus } from './recorder.ts';
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

export class Callbacks implements StatusCallbacks {
  readonly read: CallbackReader;
  readonly #database: Database;
  readonly #jobs: Jobs;
  readonly #guard: AddressGuard;

  /** Deliveries run on the given jobs once those are started. */
  constructor({ database, jobs, config, version, events }: CallbacksOptions) {
    this.#database = database;
    this.#jobs = jobs;
    this.#guard = new AddressGuard({
      allowed: new AllowList(config.callbackAllowedTargets),
      setting: settings.callbackAllowedTargets.environment,
    });
    this.read = new CallbackReader(database);
    const deliverer = new Deliverer({
      database,
      jobs,
      guard: this.#guard,
      timeoutSeconds: config.callbackTimeoutSeconds,
      retrySeconds: config.callbackRetrySeconds,
      version,
      events,
    });
    jobs.work(deliverCallbacks, config.callbackConcurrency, (job) => deliverer.deliver(job.data.runId), {
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
