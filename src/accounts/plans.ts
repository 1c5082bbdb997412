/**
 * Whether an account may start a run now: the limit on concurrent runs of its plan, and the balance of a prepaid plan.
 */
import type { PoolClient } from 'pg';
import { ConfigError, settings, type Config } from '../configuration/configuration.ts';
import { ChelaError, errorKinds, invalidArgument } from '../errors.ts';
import type { Plan, PlanList } from '../configuration/configuration.ts';

export type { Plan } from '../configuration/configuration.ts';

/** SQL condition on the table account: the balance is used up or has expired. */
const balanceUsedUp = '(account.balance <= 0 OR coalesce(account.balance_expiration_at <= now(), false))';

export class Plans {
  readonly #plans: PlanList;
  readonly #default: Plan;

  /** @throws ConfigError if the default plan is not one of the plans */
  constructor({ plans, defaultPlan }: Pick<Config, 'plans' | 'defaultPlan'>) {
    const found = plans.get(defaultPlan);
    if (found === undefined) {
      throw new ConfigError(
        `${settings.defaultPlan.environment} must be one of ${[...plans.keys()].join(', ')}, got "${defaultPlan}"`,
      );
    }
    this.#plans = plans;
    this.#default = found;
  }

  /** The plan of an account; the default plan if it has none or its plan is not configured. */
  of(account: { plan: string | null }): Plan {
    return this.#plans.get(account.plan ?? this.#default.name) ?? this.#default;
  }

  /** @throws ChelaError INVALID_ARGUMENT if there is no such plan */
  check(name: string): void {
    if (this.#plans.has(name)) return;
    throw invalidArgument(`plan ${name} does not exist: choose one of ${[...this.#plans.keys()].join(', ')}`);
  }

  get defaultName(): string {
    return this.#default.name;
  }

  /** Plans whose accounts may start a run at any time. */
  get unrestrictedNames(): string[] {
    const plans = [...this.#plans.values()];
    return plans
      .filter((plan) => plan.concurrentRuns === undefined && !plan.isPrepaid)
      .map(({ name }) => name);
  }

  /** Plans whose accounts pay from their balance. */
  get prepaidNames(): string[] {
    return [...this.#plans.values()].filter(({ isPrepaid }) => isPrepaid).map(({ name }) => name);
  }

  /**
   * Admits a run that the transaction is about to store. If the plan has a limit, this locks the account's row until
   * the end of the transaction, so that runs submitted at the same time count each other. Runs that are `ready` count
   * too. To avoid deadlocks, the transaction must not lock rows of tasks or queue items afterwards.
   * @throws ChelaError PLAN_CONCURRENCY_LIMITED, INSUFFICIENT_BALANCE, or FORBIDDEN for a disabled account; the transaction may continue without the run
   */
  async admit(client: PoolClient, accountId: number): Promise<void> {
    const { rows } = await client.query<{ plan: string | null; is_used_up: boolean; is_disabled: boolean }>({
      name: 'plan-of-account',
      text: `SELECT plan, ${balanceUsedUp} AS is_used_up, disabled_at IS NOT NULL AS is_disabled FROM account WHERE id = $1`,
      values: [accountId],
    });
    const [account] = rows;
    if (account === undefined) throw new ChelaError('NOT_FOUND', 'the account was deleted in the meantime');
    if (account.is_disabled) throw new ChelaError('FORBIDDEN', 'the account is disabled');
    const plan = this.of(account);
    if (plan.isPrepaid && account.is_used_up) {
      throw new ChelaError(
        'INSUFFICIENT_BALANCE',
        `${errorKinds.INSUFFICIENT_BALANCE.text}: the plan ${plan.name} is prepaid, and the balance is used up or has expired`,
      );
    }
    if (plan.concurrentRuns !== undefined) await takePlace(client, accountId, plan.name, plan.concurrentRuns);
  }
}

async function takePlace(
  client: PoolClient,
  accountId: number,
  planName: string,
  limit: number,
): Promise<void> {
  // NO KEY does not block inserts of rows that refer to the account, such as the new run.
  await client.query({
    name: 'lock-account',
    text: 'SELECT FROM account WHERE id = $1 FOR NO KEY UPDATE',
    values: [accountId],
  });
  // A separate statement after the lock: its snapshot includes runs admitted while this one waited for the lock.
  const { rows } = await client.query<{ count: number }>({
    name: 'active-runs',
    text: `SELECT count(*) FROM run WHERE account_id = $1 AND status IN ('ready', 'running')`,
    values: [accountId],
  });
  const active = rows[0]?.count ?? 0;
  if (active < limit) return;
  throw new ChelaError(
    'PLAN_CONCURRENCY_LIMITED',
    `${errorKinds.PLAN_CONCURRENCY_LIMITED.text}: ${active} of ${limit} concurrent runs of the plan ${planName} are in use; wait until one ends, or abort one`,
  );
}
