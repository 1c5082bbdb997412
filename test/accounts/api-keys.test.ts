import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Accounts } from '../../src/accounts/accounts.ts';
import { Database } from '../../src/database/database.ts';
import { channels, Notifications } from '../../src/database/notifications.ts';
import { ask, errorOf } from '../http/checked-answer.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

interface KeyShape {
  slug: string;
  name: string;
  created_at: number;
  last_used_at: number;
  expires_at: number;
}

interface KeyPage {
  count: number;
  list: KeyShape[];
}

const keysPath = '/users/account/api-keys';
const invalidToken = { status: 401, code: 12002 };
const keyLimit = 8;

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({ apiKeyLimit: keyLimit }, { api: true, runner: false });
});
afterAll(async () => platform.close());

const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;

async function create(key: string, body: Record<string, unknown>) {
  const answer = await ask<KeyShape & { key: string }>(platform, keysPath, { key, body });
  expect(answer.message).toBe('success');
  return answer.data;
}

async function list(key: string): Promise<KeyShape[]> {
  const { data } = await ask<KeyPage>(platform, keysPath, { key });
  expect(data.count).toBe(data.list.length);
  return data.list;
}

describe('API keys of an account', () => {
  test('are created with a name, shown once, and listed without the key, newest first', async () => {
    const { key } = await platform.otherAccount('maker');
    const expiresAt = inAnHour();
    const created = await create(key, { name: ' nightly job ', expires_at: expiresAt });
    expect(created).toEqual({
      slug: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/) as string,
      name: 'nightly job',
      key: expect.stringMatching(/^chela_[0-9A-Za-z]{43}$/) as string,
      created_at: expect.closeTo(Date.now() / 1000, -2) as number,
      last_used_at: 0,
      expires_at: expiresAt,
    });
    expect(await list(created.key)).toMatchObject([
      { slug: created.slug, name: 'nightly job', expires_at: expiresAt },
      { name: 'test', expires_at: 0 },
    ]);
    const text = JSON.stringify(await ask(platform, keysPath, { key }));
    expect(text).not.toContain(created.key);
    expect(text).not.toContain('hash');
  });

  test('are stored only as hashes', async () => {
    const { key } = await platform.otherAccount('hashed');
    const created = await create(key, { name: 'secret' });
    const { rows } = await platform.platform.database.pool.query<{ text: string }>(
      'SELECT api_key::text FROM api_key',
    );
    expect(JSON.stringify(rows)).not.toContain(created.key.slice(6));
  });

  test('are revoked one at a time, at once and permanently', async () => {
    const { key } = await platform.otherAccount('revoker');
    const created = await create(key, { name: 'short-lived' });
    expect((await ask(platform, '/worker-runs', { key: created.key })).code).toBe(0);
    const revoke = async () => ask(platform, `${keysPath}/${created.slug}`, { key, method: 'DELETE' });
    expect((await revoke()).code).toBe(0);
    expect(errorOf(await ask(platform, '/worker-runs', { key: created.key }))).toEqual(invalidToken);
    expect(errorOf(await revoke())).toEqual({ status: 404, code: 11004 });
    expect((await list(key)).map(({ name }) => name)).toEqual(['test']);
  });

  test('may revoke themselves', async () => {
    const { key } = await platform.otherAccount('suicidal');
    const [own] = await list(key);
    expect((await ask(platform, `${keysPath}/${own?.slug}`, { key, method: 'DELETE' })).code).toBe(0);
    expect(errorOf(await ask(platform, keysPath, { key }))).toEqual(invalidToken);
  });

  test('can be neither seen nor revoked by other accounts', async () => {
    const [one, other] = await Promise.all([platform.otherAccount('one'), platform.otherAccount('two')]);
    const [key] = await list(one.key);
    const answer = await ask(platform, `${keysPath}/${key?.slug}`, { key: other.key, method: 'DELETE' });
    expect(errorOf(answer)).toEqual({ status: 404, code: 11004 });
    expect((await list(one.key)).map(({ slug }) => slug)).toEqual([key?.slug]);
  });

  test.each<[string, unknown, number, string]>([
    ['no name', {}, 422, 'name'],
    ['an empty name', { name: '' }, 422, 'name'],
    ['a name of spaces', { name: '  ' }, 422, 'name'],
    ['a long name', { name: 'x'.repeat(101) }, 422, 'name'],
    ['an unknown field', { name: 'x', scope: 'all' }, 422, 'scope'],
    ['an invalid time', { name: 'x', expires_at: 'tomorrow' }, 422, 'expires_at'],
    ['a time beyond any calendar', { name: 'x', expires_at: 253_402_300_800 }, 422, 'expires_at'],
    ['a time in the past', { name: 'x', expires_at: 1000 }, 400, 'expires_at must be in the future'],
  ])('are not created with %s', async (_name, body, status, text) => {
    const answer = await ask(platform, keysPath, { body });
    expect(errorOf(answer)).toEqual({ status, code: 11000 });
    expect(answer.message).toContain(text);
  });

  test('are limited in number; revoking one makes room for another', async () => {
    const { key } = await platform.otherAccount('collector');
    for (let number = 1; number < keyLimit; number += 1) await create(key, { name: `key ${number}` });
    const refused = await ask(platform, keysPath, { key, body: { name: 'one too many' } });
    expect(errorOf(refused)).toEqual({ status: 400, code: 11000 });
    expect(refused.message).toBe(
      `the account has reached the limit of ${keyLimit} API keys: revoke one first`,
    );
    const [newest] = await list(key);
    await ask(platform, `${keysPath}/${newest?.slug}`, { key, method: 'DELETE' });
    await create(key, { name: 'fits' });
  });
});

/** Uses a key several times in another process, which writes what is pending when it stops. */
async function useByAnother(key: string, times: number): Promise<void> {
  const accounts = new Accounts(platform.platform);
  const upkeep = accounts.upkeep();
  await upkeep.start();
  await Promise.all(Array.from({ length: times }, () => accounts.authenticate(key)));
  await upkeep.stop();
}

describe('the last use of a key', () => {
  test('is recorded in the background', async () => {
    const { key } = await platform.otherAccount('user');
    await useByAnother(key, 1);
    const [used] = await list(key);
    expect(used?.last_used_at).toBeCloseTo(Date.now() / 1000, -2);
  });

  test('is written at most once a minute, across all processes', async () => {
    const { database } = platform.platform;
    const { id, key } = await platform.otherAccount('busy');
    const lastUse = async () => {
      const { rows } = await database.pool.query<{ at: string }>(
        'SELECT last_used_at::text AS at FROM api_key WHERE account_id = $1',
        [id],
      );
      return rows[0]?.at;
    };
    await useByAnother(key, 20);
    const first = await lastUse();
    await useByAnother(key, 20);
    expect(await lastUse()).toBe(first);
    await database.pool.query(
      `UPDATE api_key SET last_used_at = now() - interval '61 s' WHERE account_id = $1`,
      [id],
    );
    await useByAnother(key, 20);
    expect(await lastUse()).not.toBe(first);
  });
});

/** Accounts of another process, with its own connections and cache. */
async function otherProcess() {
  const logger = pino({ level: 'silent' });
  const database = new Database({ url: platform.databaseUrl, poolSize: 4, logger });
  const notifications = new Notifications({
    url: platform.databaseUrl,
    connections: database.connections,
    logger,
  });
  const { config, events } = platform.platform;
  const accounts = new Accounts({ database, notifications, config, events });
  await notifications.start();
  const upkeep = accounts.upkeep();
  await upkeep.start();
  onTestFinished(async () => {
    await upkeep.stop();
    await notifications.stop();
    await database.close();
  });
  // Handlers are called in order: once a later one has run, the accounts have seen the earlier event.
  const toldOfRevocation = () => new Promise((resolve) => notifications.on(channels.apiKeyRevoked, resolve));
  return { accounts, database, toldOfRevocation };
}

describe('another process that has cached a key', () => {
  test('refuses it as soon as it hears of the revocation, long before its cache entry expires', async () => {
    const { accounts, toldOfRevocation } = await otherProcess();
    const { id, key } = await platform.otherAccount('elsewhere');
    const created = await create(key, { name: 'used elsewhere' });
    expect(await accounts.authenticate(created.key)).toMatchObject({ accountId: id });
    const told = toldOfRevocation();
    await ask(platform, `${keysPath}/${created.slug}`, { key, method: 'DELETE' });
    await told;
    expect(await accounts.authenticate(created.key)).toBeUndefined();
    expect(await accounts.authenticate(key)).toMatchObject({ accountId: id });
  });

  test('ignores a database answer that is older than the revocation', async () => {
    const { accounts, database, toldOfRevocation } = await otherProcess();
    const { key } = await platform.otherAccount('racing');
    const created = await create(key, { name: 'racing' });
    // The answer is read before the revocation, and arrives after it.
    const answered = Promise.withResolvers<void>();
    const delivered = Promise.withResolvers<void>();
    const query = database.pool.query.bind(database.pool) as (...args: unknown[]) => Promise<unknown>;
    database.pool.query = (async (...args: unknown[]) => {
      const result = await query(...args);
      answered.resolve();
      await delivered.promise;
      return result;
    }) as typeof database.pool.query;
    const late = accounts.authenticate(created.key);
    await answered.promise;
    const told = toldOfRevocation();
    await ask(platform, `${keysPath}/${created.slug}`, { key, method: 'DELETE' });
    await told;
    delivered.resolve();
    await late;
    expect(await accounts.authenticate(created.key)).toBeUndefined();
  });

  test('refuses it as soon as it expires', async () => {
    const { accounts, database } = await otherProcess();
    const { id } = await platform.otherAccount('expiring');
    const expiresAt = new Date(Date.now() + 700);
    const key = await accounts.createKey(id, 'short', { expiresAt });
    expect(await accounts.authenticate(key)).toMatchObject({ accountId: id });
    await database.pool.query('SELECT pg_sleep_until($1)', [expiresAt]);
    expect(await accounts.authenticate(key)).toBeUndefined();
  });
});
