/** Whether an account may start a run now: the concurrent runs of its plan, and its balance where the plan is prepaid. */
import type { PoolClient } from 'pg';
import { ConfigError, settings, type Config } from '../configuration/configuration.ts';
import { ChelaError, errorKinds, invalidArgument } from '../errors.ts';
import type { Plan, PlanList } from '../configuration/configuration.ts';

export type { Plan } from '../configuration/configuration.ts';

/** Condition over the table account: its balance cannot pay for anything any more. */
const balanceUsedUp = '(account.balance <= 0 OR coalesce(account.balance_expiration_at <= now(), false))';

export class Plans {
  readonly #plans: PlanList;
  readonly #default: Plan;

  /** @throws ConfigError where the default plan is none of the plans */
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

  /** The plan of an account; the default one where it has none, or one that is not configured any more. */
  of(account: { plan: string | null }): Plan {
    return this.#plans.get(account.plan ?? this.#default.name) ?? this.#default;
  }

  /** @throws ChelaError INVALID_ARGUMENT where there is no such plan */
  check(name: string): void {
    if (this.#plans.has(name)) return;
    throw invalidArgument(`there is no plan ${name}: the plans are ${[...this.#plans.keys()].join(', ')}`);
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
   * Lets a run in that the transaction goes on to store. Where the plan has a limit, the lock of the account's row stands
   * until its end, so that runs submitted at the same time count each other. Runs that are `ready` count: they are on
   * their way. The transaction must not lock rows of tasks or queue items after this that others lock before it.
   * @throws ChelaError PLAN_CONCURRENCY_LIMITED or INSUFFICIENT_BALANCE; the transaction may go on without the run
   */
  async admit(client: PoolClient, accountId: number): Promise<void> {
    const { rows } = await client.query<{ plan: string | null; is_used_up: boolean }>({
      name: 'plan-of-account',
      text: `SELECT plan, ${balanceUsedUp} AS is_used_up FROM account WHERE id = $1`,
      values: [accountId],
    });
    const [account] = rows;
    if (account === undefined) throw new ChelaError('NOT_FOUND', 'the account was deleted meanwhile');
    const plan = this.of(account);
    if (plan.isPrepaid && account.is_used_up) {
      throw new ChelaError(
        'INSUFFICIENT_BALANCE',
        `${errorKinds.INSUFFICIENT_BALANCE.text}: the plan ${plan.name} is paid in advance and the balance is used up or has expired`,
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
  // NO KEY: rows that refer to the account, the new run among them, are not held up.
  await client.query({
    name: 'lock-account',
    text: 'SELECT FROM account WHERE id = $1 FOR NO KEY UPDATE',
    values: [accountId],
  });
  // A statement of its own, after the lock: it sees the runs that were let in while this one waited.
  const { rows } = await client.query<{ count: number }>({
    name: 'active-runs',
    text: `SELECT count(*) FROM run WHERE account_id = $1 AND status IN ('ready', 'running')`,
    values: [accountId],
  });
  const active = rows[0]?.count ?? 0;
  if (active < limit) return;
  throw new ChelaError(
    'PLAN_CONCURRENCY_LIMITED',
    `${errorKinds.PLAN_CONCURRENCY_LIMITED.text}: ${active} of the ${limit} concurrent runs of the plan ${planName} are in use; wait until one has ended, or abort one`,
  );
}
