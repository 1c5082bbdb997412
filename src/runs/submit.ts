/** Creates runs: checks everything first, then stores the run with all its subtasks in one statement. */
import type { Pool, PoolClient } from 'pg';
import { ulid } from 'ulid';
import type { Plans } from '../accounts/accounts.ts';
import type { Config } from '../configuration/configuration.ts';
import { type Database, channels } from '../database/database.ts';
import { dayOf } from '../database/partitions.ts';
import { ChelaError, invalidArgument } from '../errors.ts';
import { parseJson, stringifyJson } from '../json/lossless-json.ts';
import { parseRunSchema } from './run-schema.ts';
import { checkNarrower, type Workers } from '../workers/workers.ts';
import { startedBefore, type Idempotency } from './idempotency.ts';
import { allowedHostsName, checkRequired, readInput } from './input.ts';
import { checkedLabels } from './labels.ts';
import { defaultLimits, type LimitsInForce } from './limits.ts';
import { splitInput } from './split.ts';
import type { BeginRunTrace } from './run-trace.ts';
import type { Origin } from './statuses.ts';
import type { StatusCallbacks } from './status-callbacks.ts';

export interface Submission {
  readonly accountId: number;
  /** Slug or `owner~name`. */
  readonly workerId: string;
  readonly version?: string;
  /** The request's `input`, as returned by `parseJson`. */
  readonly input: unknown;
  readonly origin: Origin;
  readonly callbackUrl?: string;
  readonly idempotency?: Idempotency;
  readonly labels?: readonly string[];
}

export interface SubmittedRun {
  readonly id: number;
  readonly slug: string;
}

/** A checked run, ready for `store`. */
export interface PreparedRun {
  readonly accountId: number;
  readonly workerKey: number;
  readonly versionKey: number;
  /** `v1.0.1`. */
  readonly version: string;
  readonly origin: Origin;
  readonly inputText: string;
  readonly limits: LimitsInForce;
  readonly callbackUrl: string | undefined;
  readonly subtaskInputs: readonly string[];
  readonly idempotency?: Idempotency;
  readonly labels: readonly string[];
  /** The saved task that it belongs to, and the scheduled time that starts it. */
  readonly task?: { readonly id: number; readonly scheduledFor?: Date };
}

type SubmitConfig = Pick<
  Config,
  | 'subtaskLimit'
  | 'subtaskInputLimitBytes'
  | 'sdkInputLimitBytes'
  | 'defaultCpus'
  | 'defaultMemoryMegabytes'
  | 'defaultTimeLimitSeconds'
  | 'runConcurrency'
>;

export class Submitter {
  readonly #database: Database;
  readonly #plans: Plans;
  readonly #workers: Workers;
  readonly #callbacks: StatusCallbacks;
  readonly #config: SubmitConfig;
  readonly #beginTrace: BeginRunTrace | undefined;
  readonly #spaceRefusal: () => string | undefined;

  constructor(parts: {
    database: Database;
    plans: Plans;
    workers: Workers;
    callbacks: StatusCallbacks;
    config: SubmitConfig;
    beginTrace?: BeginRunTrace | undefined;
    spaceRefusal?: (() => string | undefined) | undefined;
  }) {
    this.#database = parts.database;
    this.#plans = parts.plans;
    this.#workers = parts.workers;
    this.#callbacks = parts.callbacks;
    this.#config = parts.config;
    this.#beginTrace = parts.beginTrace;
    this.#spaceRefusal = parts.spaceRefusal ?? (() => undefined);
  }

  /** @throws ChelaError for a worker, version or input that cannot run; in that case no run is created */
  async submit(submission: Submission): Promise<SubmittedRun> {
    return this.store(await this.prepare(submission));
  }

  /**
   * Checks everything that a run needs. Stores nothing.
   * @throws ChelaError for an invalid worker, version, input or callback URL
   */
  async prepare(submission: Submission): Promise<PreparedRun> {
    const { accountId, input } = submission;
    const worker = await this.#workers.get(accountId, submission.workerId);
    const version = await this.#workers.version(worker, submission.version);
    if (submission.callbackUrl !== undefined) this.#callbacks.check(submission.callbackUrl);
    return {
      accountId,
      workerKey: worker.id,
      versionKey: version.id,
      version: version.version,
      origin: submission.origin,
      inputText: stringifyJson(input ?? {}),
      callbackUrl: submission.callbackUrl,
      idempotency: submission.idempotency,
      labels: checkedLabels(submission.labels ?? []),
      ...this.#checkInput(input, version.input_schema, worker.allowed_hosts),
    };
  }

  /**
   * Repeats a run of this account with its stored input, version and limits, and its labels unless others are given.
   * @throws ChelaError RUN_NOT_FOUND if the run was removed
   */
  async rerun(
    accountId: number,
    source: { slug: string },
    options: {
      origin: Origin;
      callbackUrl?: string;
      idempotency?: Idempotency;
      labels?: readonly string[];
    },
  ): Promise<SubmittedRun> {
    const stored = await this.#database.sql
      .selectFrom('run')
      .innerJoin('worker_version', 'worker_version.id', 'run.worker_version_id')
      .innerJoin('worker', 'worker.id', 'run.worker_id')
      .select([
        'worker.deleted_at',
        'worker.allowed_hosts',
        'run.worker_id',
        'run.worker_version_id',
        'run.input',
        'run.labels',
        'worker_version.version',
        'worker_version.input_schema',
      ])
      .where('run.slug', '=', source.slug)
      .where('run.account_id', '=', accountId)
      .executeTakeFirst();
    if (stored === undefined)
      throw new ChelaError('RUN_NOT_FOUND', `run ${source.slug} was deleted in the meantime`);
    if (stored.deleted_at !== null)
      throw new ChelaError('RUN_NOT_FOUND', `the worker of run ${source.slug} was deleted`);
    if (options.callbackUrl !== undefined) this.#callbacks.check(options.callbackUrl);
    return this.store({
      accountId,
      workerKey: stored.worker_id,
      versionKey: stored.worker_version_id,
      version: stored.version,
      origin: options.origin,
      inputText: stored.input,
      callbackUrl: options.callbackUrl,
      idempotency: options.idempotency,
      labels: checkedLabels(options.labels ?? stored.labels),
      ...this.#checkInput(parseJson(stored.input), stored.input_schema, stored.allowed_hosts),
    });
  }

  /**
   * Finds everything that can be wrong with an input.
   * @param allowedHosts of the worker
   */
  #checkInput(
    input: unknown,
    schemaText: string,
    allowedHosts: readonly string[] | null,
  ): { limits: LimitsInForce; subtaskInputs: string[] } {
    const schema = parseRunSchema(schemaText);
    const { custom, system } = readInput(input);
    checkRequired(custom, schema);
    if (system.allowed_hosts !== undefined)
      checkNarrower(system.allowed_hosts, allowedHosts, allowedHostsName);
    const { subtaskLimit, subtaskInputLimitBytes, sdkInputLimitBytes } = this.#config;
    const limits = { subtasks: subtaskLimit, bytes: subtaskInputLimitBytes };
    const subtaskInputs = Array.from(splitInput(custom, schema, limits), (each) => stringifyJson(each));
    refuseLargeMessage(subtaskInputs, sdkInputLimitBytes);
    return { limits: { ...defaultLimits(this.#config), ...system }, subtaskInputs };
  }

  /**
   * A run without a callback URL gets that of its account. Uses one statement if the account's plan has no restrictions. Otherwise it locks the account's row until the end of
   * the transaction; rows that others lock before they store a run, such as a task's, must be locked before this.
   * @param client the transaction of the run, which starts on commit
   * @throws ChelaError PLAN_CONCURRENCY_LIMITED, INSUFFICIENT_BALANCE, NO_SPACE, or FORBIDDEN for a disabled account; in
   *   that case no run is created
   */
  async store(run: PreparedRun, client?: PoolClient): Promise<SubmittedRun> {
    const shortage = this.#spaceRefusal();
    if (shortage !== undefined) {
      // A request that is repeated gets the run that it started before.
      const started = await this.#startedBefore(run, client);
      if (started !== undefined) return started;
      throw new ChelaError('NO_SPACE', `no runs can be started: ${shortage}`);
    }
    const unrestricted = this.#plans.unrestrictedNames;
    const stored =
      (await this.#insert(run, client ?? this.#database.pool, unrestricted)) ??
      (await this.#startedBefore(run, client));
    if (stored !== undefined) return stored;
    const storeAdmitted = async (transaction: PoolClient): Promise<SubmittedRun> => {
      try {
        await this.#plans.admit(transaction, run.accountId);
      } catch (error) {
        // The run that fills the plan may be the one that an earlier request with the same key has just created.
        const started = await this.#startedBefore(run, transaction);
        if (started !== undefined) return started;
        throw error;
      }
      const admitted =
        (await this.#insert(run, transaction)) ?? (await this.#startedBefore(run, transaction));
      if (admitted === undefined) throw new ChelaError('SYSTEM_ERROR');
      return admitted;
    };
    return client === undefined ? this.#database.transaction(storeAdmitted) : storeAdmitted(client);
  }

  /** After an insert that conflicted, finds the run of the earlier request with the same key. */
  async #startedBefore(run: PreparedRun, client?: PoolClient): Promise<SubmittedRun | undefined> {
    if (run.idempotency === undefined) return undefined;
    return startedBefore(client ?? this.#database.pool, run.accountId, run.idempotency);
  }

  /** @param plans the account must have one of these; any plan if omitted @returns undefined if it does not */
  async #insert(
    run: PreparedRun,
    client: Pool | PoolClient,
    plans?: readonly string[],
  ): Promise<SubmittedRun | undefined> {
    const slug = ulid();
    const trace = this.#beginTrace?.();
    const { rows } = await client.query<{ id: number }>({
      name: 'submit-run',
      text: `WITH submitted AS (
               INSERT INTO run (slug, account_id, worker_id, worker_version_id, status, origin, input, system,
                                callback_url, day, task_id, scheduled_for, subtask_count, idempotency_key, idempotency_hash,
                                concurrency, labels, traceparent, parent_span_id)
               SELECT $1, account.id, $3, $4, 'ready', $5, $6, $7, coalesce($8, account.callback_url), $9, $11, $12, cardinality($10::json[]), $15, $16, $17, $18, $19, $20
               FROM account
               WHERE account.id = $2 AND account.disabled_at IS NULL
                 AND ($14::text[] IS NULL OR coalesce(account.plan, $13) = ANY($14))
               ON CONFLICT (account_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
               RETURNING id
             ), turn AS (
               -- The turn that is on in the account: a run joins there, neither behind nor ahead of what waits already.
               SELECT coalesce((
                 SELECT turn FROM subtask WHERE status = 'ready' AND NOT is_held AND account_id = $2 ORDER BY turn LIMIT 1
               ), 1) AS first
             ), waiting AS (
               INSERT INTO subtask (run_id, account_id, number, status, input, turn, is_held)
               SELECT submitted.id, $2, part.number, 'ready', part.input, turn.first + part.number - 1,
                      $17 > 0 AND part.number > $17
               FROM submitted, turn, unnest($10::json[]) WITH ORDINALITY AS part (input, number)
             )
             SELECT id, pg_notify('${channels.subtasksReady}', '') FROM submitted`,
      values: [
        slug,
        run.accountId,
        run.workerKey,
        run.versionKey,
        run.origin,
        run.inputText,
        JSON.stringify(run.limits),
        run.callbackUrl ?? null,
        dayOf(new Date()),
        run.subtaskInputs,
        run.task?.id ?? null,
        run.task?.scheduledFor ?? null,
        this.#plans.defaultName,
        plans ?? null,
        run.idempotency?.key ?? null,
        run.idempotency?.hash ?? null,
        this.#config.runConcurrency,
        JSON.stringify(run.labels),
        trace?.traceparent ?? null,
        trace?.parentSpanId ?? null,
      ],
    });
    const [row] = rows;
    return row && { id: row.id, slug };
  }
}

/** Bytes that the SDK's message has in addition to the input: two field tags, a code and a length. */
const messageOverheadBytes = 16;

/** @throws ChelaError if a worker could not receive its input */
function refuseLargeMessage(inputs: readonly string[], limitBytes: number): void {
  for (const [index, input] of inputs.entries()) {
    // A UTF-16 unit has up to three bytes in UTF-8.
    if (input.length * 3 + messageOverheadBytes <= limitBytes) continue;
    const bytes = Buffer.byteLength(input) + messageOverheadBytes;
    if (bytes <= limitBytes) continue;
    const whose = inputs.length === 1 ? 'the input' : `the input of subtask ${index + 1}`;
    throw invalidArgument(
      `${whose} is a message of ${bytes.toLocaleString('en')} bytes, but workers receive up to ${limitBytes.toLocaleString('en')} (CHELA_SDK_INPUT_LIMIT_BYTES): shorten it, or pass a URL to the data`,
    );
  }
}
