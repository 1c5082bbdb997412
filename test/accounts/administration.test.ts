import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operator } from '../../src/accounts/audit.ts';
import { adminAccountName } from '../../src/accounts/accounts.ts';
import { ask, errorOf, type AskOptions } from '../http/checked-answer.ts';
import { makePublic, publishWorker, startRuns } from '../http/packages.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

interface AccountShape {
  name: string;
  plan: string;
  timezone: string;
  is_admin: boolean;
  balance: string;
  balance_expiration_at: number;
}

interface AuditShape {
  at: number;
  action: string;
  account: string;
  actor: string;
  api_key: string;
  subject: string;
  details: Record<string, unknown>;
  request_id: string;
}

const forbidden = { status: 403, code: 12001 };
const notFound = { status: 404, code: 11004 };
const invalid = { status: 400, code: 11000 };

let platform: TestPlatform;
let adminKey: string;
let adaKey: string;
beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
  adminKey = (await platform.otherAccount(adminAccountName)).key;
  adaKey = (await platform.otherAccount('ada')).key;
});
afterAll(async () => platform.close());

function asAdmin<Data = AccountShape>(path: string, options: AskOptions = {}) {
  return ask<Data>(platform, path, { key: adminKey, ...options });
}

describe('operations of administrators', () => {
  const operations: [string, AskOptions][] = [
    ['/accounts', {}],
    ['/accounts', { method: 'POST', body: { name: 'intruder' } }],
    ['/accounts/ada', {}],
    ['/accounts/ada', { method: 'PUT', body: { is_admin: true } }],
    ['/accounts/ada/balance', { method: 'POST', body: { amount: '1000' } }],
    ['/accounts/ada/set-up-link', { method: 'POST' }],
    ['/accounts/ada/api-keys', {}],
    ['/accounts/admin/api-keys', { method: 'POST', body: { name: 'stolen' } }],
    ['/accounts/admin/api-keys/01KKDXV2G26BT7NH4ZQR2R4NPZ', { method: 'DELETE' }],
    ['/accounts', { method: 'POST', body: { nonsense: true } }],
  ];

  test.each(operations)('answer 403 to other accounts: %s %o', async (path, options) => {
    const answer = await ask(platform, path, { key: adaKey, ...options });
    expect(errorOf(answer)).toEqual(forbidden);
    expect(answer.message).toBe('only administrators may do this');
  });

  test.each(operations)('require a credential: %s %o', async (path, options) => {
    expect(errorOf(await ask(platform, path, { key: '', ...options }))).toEqual({ status: 401, code: 12001 });
  });

  test('work from the moment an account becomes an administrator until it stops being one', async () => {
    const { key } = await platform.otherAccount('deputy');
    await asAdmin('/accounts/deputy', { method: 'PUT', body: { is_admin: true } });
    expect((await ask(platform, '/accounts', { key })).code).toBe(0);
    await asAdmin('/accounts/deputy', { method: 'PUT', body: { is_admin: false } });
    expect(errorOf(await ask(platform, '/accounts', { key }))).toEqual(forbidden);
  });
});

describe('accounts', () => {
  test('can be created, get a key, and work at once', async () => {
    const created = await asAdmin('/accounts', {
      body: { name: 'grace', plan: 'pro', timezone: 'America/New_York' },
    });
    expect(created.data).toEqual({
      name: 'grace',
      email: '',
      state: 'keys_only',
      link_expires_at: 0,
      is_admin: false,
      plan: 'pro',
      is_prepaid: false,
      timezone: 'America/New_York',
      balance: '0.00',
      balance_expiration_at: 0,
      created_at: expect.any(Number) as number,
    });
    const { data } = await asAdmin<{ key: string; slug: string }>('/accounts/grace/api-keys', {
      body: { name: 'first' },
    });
    expect((await ask(platform, '/users/account/details', { key: data.key })).data).toMatchObject({
      name: 'grace',
      plan: 'pro',
      concurrent_runs: 10,
    });
    const listed = await asAdmin<{ list: { slug: string }[] }>('/accounts/grace/api-keys');
    expect(listed.data.list).toMatchObject([{ slug: data.slug, name: 'first' }]);
    await asAdmin(`/accounts/grace/api-keys/${data.slug}`, { method: 'DELETE' });
    expect(errorOf(await ask(platform, '/workers', { key: data.key }))).toEqual({ status: 401, code: 12002 });
  });

  test('are listed by name, and can be searched by it', async () => {
    const { data } = await asAdmin<{ count: number; list: AccountShape[] }>('/accounts?limit=100');
    const names = data.list.map(({ name }) => name);
    expect(names).toEqual(names.toSorted());
    expect(names).toContain('ada');
    expect(data.list.find(({ name }) => name === adminAccountName)?.is_admin).toBe(true);
    expect((await asAdmin('/accounts/ada')).data.name).toBe('ada');
    expect(errorOf(await asAdmin('/accounts/nobody'))).toEqual(notFound);
  });

  test('keep the fields that an update omits', async () => {
    await asAdmin('/accounts', { body: { name: 'changing', plan: 'pro', timezone: 'Asia/Tokyo' } });
    const change = async (body: Record<string, unknown>) =>
      (await asAdmin('/accounts/changing', { method: 'PUT', body })).data;
    expect(await change({})).toMatchObject({ plan: 'pro', timezone: 'Asia/Tokyo', is_admin: false });
    expect(await change({ plan: 'free' })).toMatchObject({ plan: 'free', timezone: 'Asia/Tokyo' });
    expect(await change({ timezone: '' })).toMatchObject({ plan: 'free', timezone: '' });
  });

  test('can be renamed; their workers are found under the new name', async () => {
    const { key } = await platform.otherAccount('before');
    await publishWorker(platform, 'Mine', { key });
    const { data } = await asAdmin('/accounts/before', { method: 'PUT', body: { name: 'after' } });
    expect(data.name).toBe('after');
    expect((await ask(platform, '/workers/after~mine', { key })).code).toBe(0);
    expect(errorOf(await ask(platform, '/workers/before~mine', { key }))).toEqual(notFound);
  });

  test('get the same time zone for schedules that the account itself sees', async () => {
    await asAdmin('/accounts/ada', { method: 'PUT', body: { timezone: 'Europe/Berlin' } });
    const { data } = await ask(platform, '/users/account/timezone', { key: adaKey });
    expect(data).toEqual({ timezone: 'Europe/Berlin' });
  });

  test.each<[string, string, AskOptions, string]>([
    [
      'a name that is taken',
      '/accounts',
      { body: { name: 'ada' } },
      'account ada already exists: choose another name',
    ],
    [
      'a new name that is taken',
      '/accounts/ada',
      { method: 'PUT', body: { name: 'admin' } },
      'account admin already exists: choose another name',
    ],
    [
      'a plan that does not exist',
      '/accounts/ada',
      { method: 'PUT', body: { plan: 'gold' } },
      'plan gold does not exist: choose one of free, starter, pro, business, unlimited',
    ],
    [
      'a zone that does not exist',
      '/accounts/ada',
      { method: 'PUT', body: { timezone: 'Mars/Base' } },
      'time zone Mars/Base does not exist: use an IANA name such as Europe/Berlin or UTC',
    ],
    [
      'a new name for admin',
      '/accounts/admin',
      { method: 'PUT', body: { name: 'root' } },
      'account admin cannot be renamed: the platform depends on its name',
    ],
    [
      'removing admin from administrators',
      '/accounts/admin',
      { method: 'PUT', body: { is_admin: false } },
      'account admin must remain an administrator',
    ],
    [
      'a key for the platform itself',
      '/accounts/chela/api-keys',
      { body: { name: 'x' } },
      'the account chela belongs to the platform and cannot have API keys',
    ],
    ['an amount of zero', '/accounts/ada/balance', { body: { amount: '-0.00' } }, 'amount must not be 0'],
  ])('are refused %s', async (_name, path, options, message) => {
    const answer = await asAdmin(path, options);
    expect(errorOf(answer)).toEqual(invalid);
    expect(answer.message).toBe(message);
  });

  test.each<[string, AskOptions]>([
    ['/accounts', { body: {} }],
    ['/accounts', { body: { name: 'Ada' } }],
    ['/accounts', { body: { name: 'a~b' } }],
    ['/accounts', { body: { name: 'x'.repeat(65) } }],
    ['/accounts', { body: { name: 'x', balance: '5' } }],
    ['/accounts', { body: { name: 'x', email: 'me@x' } }],
    ['/accounts/ada', { method: 'PUT', body: { email: 'me' } }],
    ['/accounts/ada/balance', { body: { amount: 5 } }],
    ['/accounts/ada/balance', { body: { amount: '1e3' } }],
    ['/accounts/ada/balance', { body: { amount: '0.0000001' } }],
    ['/accounts/ada/balance', { body: { amount: '1234567890123' } }],
    ['/accounts/ada/balance', { body: { amount: '' } }],
    ['/accounts/ada/balance', { body: { amount: '1', expires_at: -1 } }],
  ])('rejects amounts of the wrong shape with 422: %s %o', async (path, options) => {
    expect(errorOf(await asAdmin(path, options))).toEqual({ status: 422, code: 11000 });
  });
});

describe('a balance', () => {
  test('adds and subtracts exactly, even when many requests do so at once', async () => {
    await asAdmin('/accounts', { body: { name: 'saver' } });
    const add = async (amount: string) => asAdmin('/accounts/saver/balance', { body: { amount } });
    await Promise.all([
      ...Array.from({ length: 20 }, () => add('0.1')),
      add('-0.000001'),
      add('999999999999.000001'),
    ]);
    expect((await asAdmin('/accounts/saver')).data.balance).toBe('1000000000001.00');
  });

  test('may or may not expire', async () => {
    await asAdmin('/accounts', { body: { name: 'expiring' } });
    const add = async (body: Record<string, unknown>) =>
      (await asAdmin('/accounts/expiring/balance', { body: { amount: '1', ...body } })).data
        .balance_expiration_at;
    expect(await add({})).toBe(0);
    expect(await add({ expires_at: 4_000_000_000 })).toBe(4_000_000_000);
    expect(await add({})).toBe(4_000_000_000);
    expect(await add({ expires_at: 0 })).toBe(0);
  });
});

async function log(key: string, query = ''): Promise<AuditShape[]> {
  return (await ask<{ list: AuditShape[] }>(platform, `/audit-log?limit=100${query}`, { key })).data.list;
}

describe('the audit log', () => {
  test('records who did what, with which key and request, newest first', async () => {
    const { key } = await platform.otherAccount('worked');
    const worker = await publishWorker(platform, 'Logged', { key });
    await ask(platform, `/workers/${worker}/store`, { key, method: 'PUT', body: { published: true } });
    const [run = ''] = await startRuns(platform, worker, 1, key);
    const aborted = await ask(platform, `/worker-runs/${run}/abort`, { key, method: 'POST' });
    const paid = await asAdmin('/accounts/worked/balance', { body: { amount: '2.5', note: 'invoice 17' } });
    await asAdmin('/accounts/worked', { method: 'PUT', body: { plan: 'pro' } });
    const entries = await log(key);
    expect(entries).toMatchObject([
      {
        action: 'account.changed',
        actor: 'admin',
        account: 'worked',
        subject: 'worked',
        details: { plan: 'pro' },
      },
      {
        action: 'balance.changed',
        actor: 'admin',
        subject: 'worked',
        details: { amount: '2.5', balance: '2.500000', note: 'invoice 17' },
        request_id: paid.requestId,
      },
      {
        action: 'run.aborted',
        actor: 'worked',
        api_key: 'test',
        subject: run,
        request_id: aborted.requestId,
      },
      { action: 'worker.published', actor: 'worked', subject: worker },
      { action: 'worker.created', actor: 'worked', subject: 'worked~logged', details: { version: 'v1.0.1' } },
      { action: 'api_key.created', actor: '', api_key: '', details: { name: 'test' }, request_id: '' },
    ]);
    expect(entries[0]?.at).toBeCloseTo(Date.now() / 1000, -2);
  });

  test('shows accounts their own entries, and administrators all of them', async () => {
    await platform.otherAccount('watched');
    const { key } = await platform.otherAccount('watcher');
    expect(new Set((await log(key)).map(({ account }) => account))).toEqual(new Set(['watcher']));
    const all = new Set((await log(adminKey)).map(({ account }) => account));
    expect([...all]).toEqual(expect.arrayContaining(['watched', 'watcher']));
  });

  test('is filtered by action, account and time, within what the account may see', async () => {
    const { key } = await platform.otherAccount('filtered');
    await asAdmin('/accounts/filtered', { method: 'PUT', body: { plan: 'pro' } });
    const actions = async (query: string, asKey = key) =>
      (await log(asKey, query)).map(({ action }) => action);
    expect(await actions('&action=account.changed')).toEqual(['account.changed']);
    expect(await actions('&account=admin')).toEqual(['account.changed']);
    expect(await actions('&account=filtered', adminKey)).toEqual(['account.changed', 'api_key.created']);
    expect(await actions('&account=watched')).toEqual([]);
    expect(await actions('&account=&action=')).toHaveLength(2);
    const soon = Math.floor(Date.now() / 1000) + 3600;
    expect(await actions(`&start_time=${soon}`)).toEqual([]);
    expect(await actions(`&start_time=0&end_time=${soon}`)).toHaveLength(2);
    expect(await actions('&end_time=0')).toEqual([]);
    for (const query of ['action=unknown', 'start_time=-1', 'end_time=x', 'account=%00'])
      expect((await ask(platform, `/audit-log?${query}`, { key })).status).toBe(422);
  });

  test('is paged without gaps or duplicates', async () => {
    const { key, id } = await platform.otherAccount('busy');
    const { audit } = platform.platform.accounts;
    for (let number = 1; number <= 6; number += 1) {
      await audit.record(operator, { action: 'run.aborted', accountId: id, subject: `run ${number}` });
    }
    const pages = await Promise.all(
      [1, 2, 3, 4].map(async (number) => {
        const { data } = await ask<{ count: number; list: AuditShape[] }>(
          platform,
          `/audit-log?limit=3&offset=${number}`,
          { key },
        );
        expect(data.count).toBe(7);
        return data.list.map(({ subject }) => subject);
      }),
    );
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1, 0]);
    expect(pages.flat().slice(0, 6)).toEqual([6, 5, 4, 3, 2, 1].map((number) => `run ${number}`));
  });

  test('contains no key and no password', async () => {
    const { data } = await asAdmin<{ key: string }>('/accounts/ada/api-keys', {
      body: { name: 'for the log' },
    });
    const { rows } = await platform.platform.database.pool.query<{ text: string }>(
      'SELECT audit_entry::text AS text FROM audit_entry',
    );
    expect(JSON.stringify(rows)).not.toContain(data.key.slice(6));
  });

  test("records an account's changes to schedules and callbacks, without the secret", async () => {
    const { key } = await platform.otherAccount('changer');
    await ask(platform, '/users/account/timezone', { key, method: 'PUT', body: { timezone: 'Asia/Tokyo' } });
    const secret = '/users/account/callback-secret';
    await ask(platform, secret, { key, method: 'POST' });
    await ask(platform, secret, { key, method: 'DELETE' });
    const entries = await log(key);
    expect(entries.slice(0, 3).map(({ action, subject, details }) => ({ action, subject, details }))).toEqual(
      [
        { action: 'callback_secret.removed', subject: 'changer', details: {} },
        { action: 'callback_secret.renewed', subject: 'changer', details: {} },
        { action: 'account.timezone_set', subject: 'changer', details: { timezone: 'Asia/Tokyo' } },
      ],
    );
  });

  test('keeps entries for the configured time', async () => {
    const { accounts, database } = platform.platform;
    const { id, key } = await platform.otherAccount('historian');
    await accounts.audit.record(operator, { action: 'run.aborted', accountId: id, subject: 'long ago' });
    await database.pool.query(
      `UPDATE audit_entry SET at = now() - interval '366 days' WHERE subject = 'long ago'`,
    );
    await accounts.audit.prune(new Date());
    expect((await log(key)).map(({ action }) => action)).toEqual(['api_key.created']);
  });
});

test("a run of another account's public worker appears only in the audit log of the account that started it", async () => {
  const worker = await publishWorker(platform, 'Shared');
  await makePublic(platform, worker);
  const [run] = await startRuns(platform, worker, 1, adaKey);
  await ask(platform, `/worker-runs/${run}/abort`, { key: adaKey, method: 'POST' });
  const entries = await ask<{ list: AuditShape[] }>(platform, '/audit-log');
  expect(entries.data.list.map(({ subject }) => subject)).not.toContain(run);
});

test('the first steps of an account follow its own data, and are dismissed for all its browsers', async () => {
  const { key } = await platform.otherAccount('beginner');
  const steps = async () => (await platform.call('/users/account/first-steps', { key })).data;
  const none = {
    has_run: false,
    has_worker: false,
    has_schedule: false,
    is_dismissed: false,
    demo_worker: '',
  };
  expect(await steps()).toEqual(none);
  await platform.call('/users/account/first-steps', { method: 'DELETE', key });
  await platform.call('/users/account/first-steps', { method: 'DELETE', key });
  expect(await steps()).toEqual({ ...none, is_dismissed: true });
  const own = await platform.call<{ is_dismissed: boolean }>('/users/account/first-steps');
  expect(own.data.is_dismissed).toBe(false);
});
