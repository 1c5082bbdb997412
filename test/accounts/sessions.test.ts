import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

const email = 'Reader@example.com';
const password = 'correct horse battery staple';

interface Session {
  account: { name: string; email: string; is_admin: boolean; timezone: string };
  csrf_token: string;
  expires_at: number;
}

let platform: TestPlatform;
let accountId: number;
beforeAll(async () => {
  platform = await startTestPlatform({ signInLimitPerMinute: 1000 }, { api: true, runner: false });
  const { accounts } = platform.platform;
  accountId = (await accounts.ensure('reader')).id;
  const link = await accounts.setupLinks.create(accountId);
  await accounts.setupLinks.redeem(link, { email, password }, '');
});
afterAll(async () => platform.close());

function signIn(credentials: { email: string; password: string }) {
  return platform.call<Session>('/session', { key: '', body: credentials });
}

/** A signed-in browser: its cookie, and the token that only its pages can read. */
async function signedIn(): Promise<{ cookie: string; csrf: string }> {
  const { headers, data } = await signIn({ email, password });
  const [cookie = ''] = (headers.get('set-cookie') ?? '').split(';');
  return { cookie, csrf: data.csrf_token };
}

function createKey(headers: Record<string, string>) {
  return platform.call('/users/account/api-keys', { key: '', headers, body: { name: 'a key' } });
}

describe('signing in', () => {
  test('returns the account, and a cookie that scripts cannot read', async () => {
    const { data, headers } = await signIn({ email, password });
    expect(data.account).toEqual({ name: 'reader', email, is_admin: false, timezone: 'UTC' });
    expect(data.expires_at).toBeGreaterThan(Date.now() / 1000 + 13 * 24 * 3600);
    const cookie = headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^chela_session=[\w-]{43}; Max-Age=1209600; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  test('accepts the e-mail address in any case', async () => {
    expect((await signIn({ email: email.toUpperCase(), password })).code).toBe(0);
  });

  test.for([
    ['a wrong password', { email, password: 'correct horse battery' }],
    ['an unknown address', { email: 'nobody@example.com', password }],
    ['an account without a password', { email: 'tester', password }],
  ] as const)('does not reveal what is wrong with %s', async ([, credentials]) => {
    const answer = await signIn(credentials);
    expect([answer.status, answer.code, answer.message]).toEqual([
      401,
      12002,
      'wrong e-mail address or password',
    ]);
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  test('is refused after too many attempts from one address', async () => {
    const strict = await startTestPlatform({ signInLimitPerMinute: 2 }, { api: true, runner: false });
    try {
      const attempt = () => strict.call('/session', { key: '', body: { email, password } });
      expect([(await attempt()).status, (await attempt()).status]).toEqual([401, 401]);
      const refused = await attempt();
      expect([refused.status, refused.code]).toEqual([429, 13000]);
      expect(refused.headers.get('retry-after')).not.toBeNull();
      const withKey = await strict.call('/session', { body: { email, password } });
      expect([withKey.status, withKey.code]).toEqual([429, 13000]);
    } finally {
      await strict.close();
    }
  });
});

const attempt = (strict: TestPlatform, address: string, asked: string) =>
  strict.call('/session', {
    key: '',
    body: { email: asked, password },
    headers: { 'x-forwarded-for': address },
  });

describe('behind a trusted proxy', () => {
  test('each address has its own limit, and each account one over all addresses', async () => {
    const strict = await startTestPlatform(
      { signInLimitPerMinute: 2, trustedProxies: ['127.0.0.0/8', '::1'] },
      { api: true, runner: false },
    );
    try {
      const statuses: number[] = [];
      for (let n = 1; n <= 12; n += 1)
        statuses.push((await attempt(strict, `192.0.2.${n}`, n % 2 ? 'Owner@x.io' : ' owner@x.io')).status);
      expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
      const others = ['a@x.io', 'b@x.io', 'c@x.io'].map(
        (asked) => async () => attempt(strict, '192.0.2.99', asked),
      );
      const ofOne: number[] = [];
      for (const other of others) ofOne.push((await other()).status);
      expect(ofOne).toEqual([401, 401, 429]);
    } finally {
      await strict.close();
    }
  });

  test('without one, a header changes nothing', async () => {
    const strict = await startTestPlatform({ signInLimitPerMinute: 2 }, { api: true, runner: false });
    try {
      const statuses: number[] = [];
      for (let n = 1; n <= 3; n += 1)
        statuses.push((await attempt(strict, `192.0.2.${n}`, `${n}@x.io`)).status);
      expect(statuses).toEqual([401, 401, 429]);
    } finally {
      await strict.close();
    }
  });
});

describe('a request with the cookie', () => {
  test('reads with the cookie alone', async () => {
    const { cookie } = await signedIn();
    const answer = await platform.call('/users/account', { key: '', headers: { cookie } });
    expect(answer.code).toBe(0);
  });

  test('needs the session token for changes, since other sites can send the cookie but do not know the token', async () => {
    const { cookie, csrf } = await signedIn();
    const { csrf: ofAnother } = await signedIn();
    expect((await createKey({ cookie })).code).toBe(12001);
    expect((await createKey({ cookie, 'x-csrf-token': 'wrong' })).code).toBe(12001);
    expect((await createKey({ cookie, 'x-csrf-token': ofAnother })).code).toBe(12001);
    expect((await createKey({ cookie, 'x-csrf-token': csrf })).code).toBe(0);
  });

  test('is ignored beside an API key, even a wrong one', async () => {
    const { cookie } = await signedIn();
    const answer = await platform.call('/users/account', { key: 'wrong', headers: { cookie } });
    expect(answer.code).toBe(12002);
  });

  test('appears in the audit log without an API key', async () => {
    const { cookie, csrf } = await signedIn();
    const headers = { cookie, 'x-csrf-token': csrf };
    await platform.call('/users/account/api-keys', { key: '', headers, body: { name: 'audited' } });
    const { list } = await platform.platform.accounts.audit.list(
      { accountId: accountId },
      { number: 1, size: 1 },
    );
    expect(list[0]).toMatchObject({ action: 'api_key.created', actor: 'reader', api_key: null });
  });
});

describe('signing out', () => {
  test('ends only this session', async () => {
    const [one, other] = [await signedIn(), await signedIn()];
    const headers = { cookie: one.cookie, 'x-csrf-token': one.csrf };
    const answer = await platform.call('/session', { key: '', method: 'DELETE', headers });
    expect(answer.code).toBe(0);
    expect(answer.headers.get('set-cookie')).toContain('chela_session=;');
    const read = (cookie: string) => platform.call('/session', { key: '', headers: { cookie } });
    expect((await read(one.cookie)).code).toBe(12001);
    expect((await read(other.cookie)).code).toBe(0);
  });

  test('everywhere ends all sessions, and works with an API key too', async () => {
    const sessions = [await signedIn(), await signedIn()];
    const key = await platform.platform.accounts.createKey(accountId, 'test');
    expect((await platform.call('/sessions', { key, method: 'DELETE' })).code).toBe(0);
    for (const { cookie } of sessions) {
      expect((await platform.call('/session', { key: '', headers: { cookie } })).code).toBe(12001);
    }
  });
});

test('a session stays alive while it is used, and expires otherwise', async () => {
  const { pool } = platform.platform.database;
  const { cookie } = await signedIn();
  const age = (column: string, interval: string) =>
    pool.query(
      `UPDATE session SET ${column} = ${column} - $2::interval WHERE id = (SELECT max(id) FROM session WHERE account_id = $1)`,
      [accountId, interval],
    );
  await age('last_used_at', '13 days');
  await age('expires_at', '13 days');
  const read = () => platform.call<Session>('/session', { key: '', headers: { cookie } });
  expect((await read()).data.expires_at).toBeGreaterThan(Date.now() / 1000 + 13 * 24 * 3600);
  await age('expires_at', '15 days');
  expect((await read()).code).toBe(12001);
});
