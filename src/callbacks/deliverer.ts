/**
 * Delivers the callbacks of a run in order. A callback is claimed with a lease before it is sent, and its outcome is
 * recorded afterwards. If the process dies in between, the callback is delivered twice rather than not at all.
 */
import type { Database } from '../database/database.ts';
import type { Events } from '../events/events.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { exchange, type CallbackRequest, type ExchangeOutcome } from './exchange.ts';
import { deliverCallbacks, receiverOf } from './recorder.ts';
import { signature, signatureHeader } from './signature.ts';
import type { AddressGuard } from '../addresses/addresses.ts';

/** Maximum time from the end of an exchange until it is recorded. */
const recordSeconds = 20;
/** Spreads retries, so that a receiver that comes back does not get all of them at once. */
const jitter = 0.1;

interface DelivererOptions {
  readonly database: Database;
  readonly jobs: Jobs;
  readonly guard: AddressGuard;
  readonly timeoutSeconds: number;
  /** Delays before the second, third, … attempt. After the last attempt the callback is given up. */
  readonly retrySeconds: readonly number[];
  readonly version: string;
  readonly events: Events;
}

interface ClaimedCallback {
  readonly id: number;
  readonly run_id: number;
  readonly run_slug: string;
  readonly number: number;
  /** Number of this attempt, from 1. */
  readonly attempt_count: number;
  readonly body: string;
  readonly callback_url: string;
  readonly callback_secret: string | null;
}

export class Deliverer {
  readonly #options: DelivererOptions;

  constructor(options: DelivererOptions) {
    this.#options = options;
  }

  /** Delivers the due callbacks of a run, until none is left or one has to be retried later. */
  async deliver(runId: number): Promise<void> {
    for (;;) {
      const callback = await this.#claim(runId);
      if (callback === undefined) return this.#lookAgain(runId);
      const outcome = await this.#send(callback);
      await this.#record(callback, outcome);
    }
  }

  /** Claims the first unsettled callback of a run, unless it is not due or another process has claimed it. */
  async #claim(runId: number): Promise<ClaimedCallback | undefined> {
    const { rows } = await this.#options.database.pool.query<ClaimedCallback>({
      name: 'claim-callback',
      text: `WITH claimed AS (
               UPDATE callback SET attempt_count = attempt_count + 1, claimed_until = now() + make_interval(secs => $2)
               WHERE id = (SELECT id FROM callback WHERE run_id = $1 AND state = 'pending' ORDER BY number LIMIT 1)
                 AND state = 'pending' AND next_attempt_at <= now()
                 AND (claimed_until IS NULL OR claimed_until <= now())
               RETURNING id, run_id, number, attempt_count, body
             ), interrupted AS (
               UPDATE callback_attempt SET milliseconds = 0, error = 'the platform ended during this attempt'
               WHERE callback_id = (SELECT id FROM claimed) AND milliseconds IS NULL
             ), begun AS (
               INSERT INTO callback_attempt (callback_id, number) SELECT id, attempt_count FROM claimed
             )
             SELECT claimed.*, run.slug AS run_slug, run.callback_url, account.callback_secret
             FROM claimed
             JOIN run ON run.id = claimed.run_id
             JOIN account ON account.id = run.account_id`,
      values: [runId, this.#options.timeoutSeconds + recordSeconds],
    });
    return rows[0];
  }

  /**
   * If another process has claimed the next callback, looks again when its claim ends. Usually it delivers the callback
   * before that. But it may have died, or never learned of its claim because the connection was lost.
   */
  async #lookAgain(runId: number): Promise<void> {
    const { database, jobs } = this.#options;
    const { rows } = await database.pool.query<{ seconds: number; callback_url: string }>({
      name: 'claimed-callback',
      text: `SELECT extract(epoch FROM claimed_until - now())::float8 AS seconds, run.callback_url
             FROM callback JOIN run ON run.id = callback.run_id
             WHERE callback.run_id = $1 AND state = 'pending' AND claimed_until IS NOT NULL
             ORDER BY number LIMIT 1`,
      values: [runId],
    });
    const [claimed] = rows;
    if (claimed === undefined) return;
    const startAfterSeconds = Math.max(1, Math.ceil(claimed.seconds));
    const group = receiverOf(claimed.callback_url);
    await jobs.send(deliverCallbacks, { runId }, { startAfterSeconds, group });
  }

  /** Sends a test once, and records nothing. */
  async test(accountId: number, url: string): Promise<ExchangeOutcome> {
    const { rows } = await this.#options.database.pool.query<{ secret: string | null }>(
      'SELECT callback_secret AS secret FROM account WHERE id = $1',
      [accountId],
    );
    const headers = { 'x-chela-callback-id': 'test', 'x-chela-attempt': '1' };
    return this.#post({ url, headers, body: JSON.stringify({ test: true }) }, rows[0]?.secret ?? null);
  }

  #send(callback: ClaimedCallback): Promise<ExchangeOutcome> {
    const { callback_url: url, body, callback_secret: secret } = callback;
    const headers = {
      'x-chela-callback-id': `${callback.run_slug}-${callback.number}`,
      'x-chela-attempt': String(callback.attempt_count),
    };
    return this.#post({ url, headers, body }, secret);
  }

  #post({ url, headers, body }: CallbackRequest, secret: string | null): Promise<ExchangeOutcome> {
    const { guard, timeoutSeconds, version } = this.#options;
    const allHeaders = {
      'content-type': 'application/json',
      'user-agent': `Chela/${version}`,
      ...headers,
      ...(secret !== null && { [signatureHeader]: signature(secret, Math.floor(Date.now() / 1000), body) }),
    };
    return exchange({ url, headers: allHeaders, body }, guard, timeoutSeconds * 1000);
  }

  async #record(callback: ClaimedCallback, outcome: ExchangeOutcome): Promise<void> {
    const { database, jobs, retrySeconds, events } = this.#options;
    const delaySeconds = retrySeconds[callback.attempt_count - 1];
    await database.transaction(async (client) => {
      const { error } = outcome;
      await client.query(
        `UPDATE callback_attempt SET milliseconds = $3, status_code = $4, error = $5, answer = $6
         WHERE callback_id = $1 AND number = $2`,
        [
          callback.id,
          callback.attempt_count,
          outcome.milliseconds,
          outcome.statusCode,
          error,
          outcome.answer,
        ],
      );
      if (error === '') {
        await client.query(
          `UPDATE callback SET state = 'delivered', claimed_until = NULL WHERE id = $1 AND state = 'pending'`,
          [callback.id],
        );
      } else if (delaySeconds === undefined) {
        await client.query(
          `UPDATE callback SET state = 'given_up', claimed_until = NULL
           WHERE id = $1 AND state = 'pending' AND attempt_count = $2`,
          [callback.id, callback.attempt_count],
        );
      } else {
        const startAfterSeconds = delaySeconds * (1 + Math.random() * jitter);
        await client.query(
          `UPDATE callback SET claimed_until = NULL, next_attempt_at = now() + make_interval(secs => $3)
           WHERE id = $1 AND state = 'pending' AND attempt_count = $2`,
          [callback.id, callback.attempt_count, startAfterSeconds],
        );
        const group = receiverOf(callback.callback_url);
        await jobs.send(deliverCallbacks, { runId: callback.run_id }, { client, startAfterSeconds, group });
      }
    });
    const { run_slug: run, number, attempt_count: attempts } = callback;
    const { error: reason } = outcome;
    if (reason === '') events.emit('callback:delivered', { run, callback: number, attempts });
    else if (delaySeconds !== undefined)
      events.emit('callback:retried', { run, callback: number, attempts, reason });
    else events.emit('callback:failed', { run, callback: number, attempts, reason });
  }
}
