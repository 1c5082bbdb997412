import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planList } from '../../src/configuration/plan-list.ts';
import { Plans } from '../../src/accounts/plans.ts';
import { ConfigError } from '../../src/configuration/configuration.ts';
import { operator } from '../../src/accounts/audit.ts';
import { ask, errorOf } from '../http/checked-answer.ts';
import { makePublic, publishWorker } from '../http/packages.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

const planLimited = { status: 400, code: 30003 };
const balanceUsedUp = { status: 400, code: 30001 };

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform(
    { plans: planList('free=2,prepaid:prepaid,both=2:prepaid,unlimited'), databasePoolSize: 12 },
    { api: true, runner: false },
  );
  worker = await publishWorker(platform, 'Public one');
  await makePublic(platform, worker);
});
afterAll(async () => platform.close());

let accountNumber = 0;

/** A new account with a plan. @returns its key and its operations */
async function accountWith(plan: string | undefined, balance?: string) {
  accountNumber += 1;
  const name = `account-${accountNumber}`;
  const { id, key } = await platform.otherAccount(name);
  const { accounts } = platform.platform;
  if (plan !== undefined) await accounts.update(name, { plan }, operator);
  if (balance !== undefined) await accounts.changeBalance(name, { amount: balance }, operator);
  return { id, key, name };
}

function submit(key: string, body: Record<string, unknown> = {}) {
  return ask<{ run_slug: string }>(platform, `/workers/${worker}/runs`, { key, body });
}

async function runsOf(accountId: number): Promise<string[]> {
  const { rows } = await platform.platform.database.pool.query<{ slug: string }>(
    'SELECT slug FROM run WHERE account_id = $1 ORDER BY id',
    [accountId],
  );
  return rows.map(({ slug }) => slug);
}

async function end(slug: string): Promise<void> {
  await platform.platform.database.pool.query(
    `UPDATE run SET status = 'succeeded', finished_at = now() WHERE slug = $1`,
    [slug],
  );
}

describe('a plan with a limit of two concurrent runs', () => {
  test('admits exactly two of fifty runs submitted at once', async () => {
    const { id, key } = await accountWith('free');
    const answers = await Promise.all(Array.from({ length: 50 }, () => submit(key)));
    const [started, refused] = [
      answers.filter(({ code }) => code === 0),
      answers.filter(({ code }) => code !== 0),
    ];
    expect(started).toHaveLength(2);
    expect(refused.map(errorOf)).toEqual(Array.from({ length: 48 }, () => planLimited));
    expect(refused[0]?.message).toBe(
      'the current running tasks have reached the plan limit: 2 of 2 concurrent runs of the plan free are in use; wait until one ends, or abort one',
    );
    expect(await runsOf(id)).toHaveLength(2);
    const subtasks = await platform.platform.database.pool.query(
      'SELECT FROM subtask JOIN run ON run.id = run_id WHERE run.account_id = $1',
      [id],
    );
    expect(subtasks.rowCount).toBe(2);
  });

  test('counts every way to start a run at once: submit, rerun, task run and queue activation', async () => {
    const { id, key } = await accountWith('free');
    const [source] = [(await submit(key)).data.run_slug];
    await end(source);
    const input = { parameters: { custom: {} } };
    const task = await ask<{ slug: string }>(platform, '/worker-tasks', {
      key,
      body: { worker_id: worker, title: 'Task', input },
    });
    const held = await Promise.all(
      Array.from({ length: 5 }, () =>
        ask<{ queue_ref: string }>(platform, `/workers/${worker}/queued-runs`, { key, body: {} }),
      ),
    );
    const refs = held.map(({ data }) => data.queue_ref);
    const ways = [
      () => submit(key),
      () => ask(platform, `/worker-runs/${source}/rerun`, { key, method: 'POST' }),
      () => ask(platform, `/worker-tasks/${task.data.slug}/runs`, { key, method: 'POST' }),
    ];
    const [activated, ...answers] = await Promise.all([
      ask<{ results: { success: boolean; error?: string }[] }>(platform, '/run-queue/items/activate', {
        key,
        body: { queue_refs: refs },
      }),
      ...Array.from({ length: 5 }, () => ways.map((start) => start())).flat(),
    ]);
    const { results } = activated.data;
    const refused = answers.filter(({ code }) => code !== 0);
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set([planLimited.code]));
    const notActivated = results.filter(({ success }) => !success);
    for (const { error } of notActivated)
      expect(error).toMatch(/^the current running tasks have reached the plan limit/);
    expect(refused.length + notActivated.length).toBe(15 + 5 - 2);
    expect(await runsOf(id)).toHaveLength(3);
    // Items that could not be activated keep waiting.
    const waiting = await ask<{ count: number }>(platform, '/run-queue/items', { key });
    expect(waiting.data.count).toBe(notActivated.length);
  });

  test('admits the next run when one has ended or is being aborted', async () => {
    const { id, key } = await accountWith('free');
    await submit(key);
    await submit(key);
    expect(errorOf(await submit(key))).toEqual(planLimited);
    const [first = '', second = ''] = await runsOf(id);
    await end(first);
    expect((await submit(key)).code).toBe(0);
    expect(errorOf(await submit(key))).toEqual(planLimited);
    await ask(platform, `/worker-runs/${second}/abort`, { key, method: 'POST' });
    expect((await submit(key)).code).toBe(0);
  });

  test('ignores the runs of other accounts and never delays them', async () => {
    const [one, other] = await Promise.all([accountWith('free'), accountWith('free')]);
    await Promise.all([submit(one.key), submit(one.key)]);
    expect((await submit(other.key)).code).toBe(0);
  });

  test('shows how many runs are in use', async () => {
    const { key } = await accountWith('free');
    await submit(key);
    const { data } = await ask(platform, '/users/account/details', { key });
    expect(data).toMatchObject({ plan: 'free', is_prepaid: false, concurrent_runs: 2, active_runs: 1 });
  });
});

describe('without a limit', () => {
  test('an account without a plan has the default plan and starts as many runs as it wants', async () => {
    const { id, key } = await accountWith(undefined);
    await Promise.all(Array.from({ length: 10 }, () => submit(key)));
    expect(await runsOf(id)).toHaveLength(10);
    const { data } = await ask(platform, '/users/account/details', { key });
    expect(data).toMatchObject({ plan: 'unlimited', concurrent_runs: 0, active_runs: 10 });
  });

  test('starting a run takes one statement and locks no row of the account', async () => {
    const { id, key } = await accountWith(undefined);
    await platform.platform.database.transaction(async (client) => {
      await client.query('SELECT FROM account WHERE id = $1 FOR NO KEY UPDATE', [id]);
      expect((await submit(key)).code).toBe(0);
    });
  });

  test('an account whose plan was removed from the configuration has the default plan', async () => {
    const { id, key } = await accountWith(undefined);
    await platform.platform.database.pool.query(`UPDATE account SET plan = 'gone' WHERE id = $1`, [id]);
    await Promise.all(Array.from({ length: 3 }, () => submit(key)));
    expect(await runsOf(id)).toHaveLength(3);
  });
});

describe('a prepaid plan', () => {
  test.each([
    ['nothing', undefined],
    ['zero', '0.00'],
    ['a negative amount', '-0.000001'],
  ])('starts no run with a balance of %s', async (_name, balance) => {
    const { id, key } = await accountWith('prepaid', balance);
    const answer = await submit(key);
    expect(errorOf(answer)).toEqual(balanceUsedUp);
    expect(answer.message).toBe(
      'account balance is insufficient: the plan prepaid is prepaid, and the balance is used up or has expired',
    );
    expect(await runsOf(id)).toEqual([]);
  });

  test('starts a run with a balance of one millionth', async () => {
    const { key } = await accountWith('prepaid', '0.000001');
    expect((await submit(key)).code).toBe(0);
  });

  test('starts no run once the balance has expired', async () => {
    const { key, name } = await accountWith('prepaid', '10');
    const { accounts } = platform.platform;
    const expire = async (expiresAt: Date) =>
      accounts.changeBalance(name, { amount: '1', expiresAt }, operator);
    await expire(new Date(Date.now() + 3_600_000));
    expect((await submit(key)).code).toBe(0);
    await expire(new Date(Date.now() - 1000));
    expect(errorOf(await submit(key))).toEqual(balanceUsedUp);
  });

  test('holds runs without a balance, but needs one to activate them', async () => {
    const { key, name } = await accountWith('prepaid');
    const held = await ask<{ queue_ref: string }>(platform, `/workers/${worker}/queued-runs`, {
      key,
      body: {},
    });
    expect(held.code).toBe(0);
    const activate = async () =>
      ask<{ results: unknown[] }>(platform, '/run-queue/items/activate', {
        key,
        body: { queue_refs: [held.data.queue_ref] },
      });
    expect((await activate()).data.results[0]).toMatchObject({
      success: false,
      error: expect.stringMatching(/^account balance is insufficient/) as string,
    });
    await platform.platform.accounts.changeBalance(name, { amount: '1' }, operator);
    expect((await activate()).data.results[0]).toMatchObject({ success: true });
  });

  test('can also limit concurrent runs', async () => {
    const { key } = await accountWith('both', '10');
    const answers = await Promise.all(Array.from({ length: 5 }, () => submit(key)));
    expect(answers.filter(({ code }) => code === 0)).toHaveLength(2);
    expect(answers.filter(({ code }) => code === planLimited.code)).toHaveLength(3);
  });
});

describe('the list of plans', () => {
  test('gives each plan its limit', () => {
    expect([...planList(' free=2:prepaid, business=50,trial:prepaid,unlimited').values()]).toEqual([
      { name: 'free', concurrentRuns: 2, isPrepaid: true },
      { name: 'business', concurrentRuns: 50, isPrepaid: false },
      { name: 'trial', concurrentRuns: undefined, isPrepaid: true },
      { name: 'unlimited', concurrentRuns: undefined, isPrepaid: false },
    ]);
  });

  test.each([
    '',
    'Free=2',
    'free=0',
    'free=-1',
    'free=x',
    'free=2,free=3',
    'free=2:paid',
    'free=2;pro=3',
    'a=1,',
  ])('is refused with a message that says what was expected: %j', (text) => {
    expect(() => planList(text)).toThrow(/^a comma-separated list of NAME, NAME=RUNS/);
  });

  test('must contain the default plan', () => {
    expect(() => new Plans({ plans: planList('free=2'), defaultPlan: 'gold' })).toThrow(
      new ConfigError('CHELA_DEFAULT_PLAN must be one of free, got "gold"'),
    );
  });
});
