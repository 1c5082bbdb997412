import { execFile } from 'node:child_process';
import { scryptSync } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminAccountName } from '../../src/accounts/accounts.ts';
import { hashPassword, isPasswordOf } from '../../src/accounts/passwords.ts';
import { ask, errorOf } from '../http/checked-answer.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

const email = 'admin@example.com';
const password = 'correct horse battery staple';
const invalid = { status: 400, code: 11000 };

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
});
afterAll(async () => platform.close());

let accountNumber = 0;

/** A new account with a set-up link. */
async function accountToSetUp() {
  accountNumber += 1;
  const name = `account-${accountNumber}`;
  const { accounts } = platform.platform;
  const { id } = await accounts.ensure(name);
  return { id, name, token: await accounts.setupLinks.create(id) };
}

function setUp(body: Record<string, unknown>) {
  return ask<{ account: string; email: string }>(platform, '/setup', { key: '', body });
}

function read(token: string) {
  return ask<Record<string, unknown>>(platform, '/setup/link', { key: '', body: { token } });
}

async function stored(accountId: number): Promise<{ email: string | null; password_hash: string | null }> {
  const { rows } = await platform.platform.database.pool.query<{ email: string; password_hash: string }>(
    'SELECT email, password_hash FROM account WHERE id = $1',
    [accountId],
  );
  return rows[0] as { email: string; password_hash: string };
}

async function expire(accountId: number): Promise<void> {
  await platform.platform.database.pool.query(
    'UPDATE setup_link SET expires_at = now() WHERE account_id = $1',
    [accountId],
  );
}

describe('POST /setup', () => {
  test("sets the e-mail address and password of the link's account, the administrator", async () => {
    const { accounts } = platform.platform;
    const { id, isAdmin } = await accounts.ensure(adminAccountName);
    expect(isAdmin).toBe(true);
    expect(await accounts.hasPassword(id)).toBe(false);
    const token = await accounts.setupLinks.create(id);
    const answer = await setUp({ token, email, password });
    expect(answer.data).toEqual({ account: 'admin', email });
    const account = await stored(id);
    expect(account.email).toBe(email);
    expect(await isPasswordOf(password, account.password_hash ?? '')).toBe(true);
    expect(await accounts.hasPassword(id)).toBe(true);
    const { data } = await ask<{ list: { action: string }[] }>(platform, '/audit-log', {
      key: await accounts.createKey(id, 'for the log'),
    });
    expect(data.list.find(({ action }) => action === 'account.set_up')).toMatchObject({
      action: 'account.set_up',
      actor: 'admin',
      subject: 'admin',
      details: { email },
      request_id: answer.requestId,
    });
  });

  test('signs in, and ends the sessions that the account had', async () => {
    const { id, name, token } = await accountToSetUp();
    const { sessions, setupLinks } = platform.platform.accounts;
    const old = await sessions.open({ id, name }, '');
    const answer = await setUp({ token, email: 'signed-in@example.com', password });
    const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
    const session = await platform.call<{ account: { name: string } }>('/session', {
      key: '',
      headers: { cookie },
    });
    expect(session.data.account.name).toBe(name);
    expect(await sessions.find(old.token)).toBeUndefined();
    // The way back in after a forgotten password.
    const again = await setupLinks.create(id);
    await setUp({ token: again, email: 'signed-in@example.com', password: 'another long password' });
    expect((await platform.call('/session', { key: '', headers: { cookie } })).status).toBe(401);
  });

  test('accepts addresses of other scripts and with tags', async () => {
    for (const email of ['ada+chela@mail.example.com', '用户@例子.广告', "o'hara@xn--bcher-kva.example"]) {
      const { token } = await accountToSetUp();
      expect((await setUp({ token, email, password })).code).toBe(0);
    }
  });

  test('works once', async () => {
    const { id, token } = await accountToSetUp();
    expect((await setUp({ token, email: 'once@example.com', password })).code).toBe(0);
    const again = await setUp({ token, email: 'twice@example.com', password: 'another password' });
    expect(errorOf(again)).toEqual(invalid);
    expect(again.message).toBe('this set-up link was already used: it works only once');
    expect((await stored(id)).email).toBe('once@example.com');
  });

  test('works for exactly one of several simultaneous requests', async () => {
    const { id, token } = await accountToSetUp();
    const answers = await Promise.all(
      [1, 2, 3].map((number) => setUp({ token, email: `racer-${number}@example.com`, password })),
    );
    expect(answers.map(({ code }) => code).toSorted((one, other) => one - other)).toEqual([0, 11000, 11000]);
    expect((await stored(id)).email).toBe(answers.find(({ code }) => code === 0)?.data.email);
  });

  test('fails once the link has expired', async () => {
    const { id, token } = await accountToSetUp();
    await expire(id);
    const answer = await setUp({ token, email: 'late@example.com', password });
    expect(errorOf(answer)).toEqual(invalid);
    expect(answer.message).toBe(
      'this set-up link has expired: ask an administrator for a new one, or run "chela set-up-link ACCOUNT" on the server',
    );
    expect(await stored(id)).toEqual({ email: null, password_hash: null });
  });

  test('fails with a replaced link, and with one that never existed', async () => {
    const { id, token } = await accountToSetUp();
    await platform.platform.accounts.setupLinks.create(id);
    for (const wrong of [token, 'guessed', 'x'.repeat(200)]) {
      const answer = await setUp({ token: wrong, email: 'old@example.com', password });
      expect(errorOf(answer)).toEqual(invalid);
      expect(answer.message).toMatch(/^this set-up link is invalid or was replaced by a newer one/);
    }
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['a short password', { password: 'elevenchars' }, 'password must have 12 to 200 characters'],
    ['an endless password', { password: 'x'.repeat(201) }, 'password must have 12 to 200 characters'],
    ['no e-mail address', { email: 'admin' }, 'email must be an e-mail address such as admin@example.com'],
    [
      'two addresses in one',
      { email: 'a@b.c, d@e.f' },
      'email must be an e-mail address such as admin@example.com',
    ],
    ['a line break', { email: 'a\n@b.cd' }, 'email must be an e-mail address such as admin@example.com'],
    [
      'an address without a complete domain',
      { email: 'me@x' },
      'email must have a complete domain after the @, such as me@example.com',
    ],
    ['half a character', { email: 'a\uD800@b.cd' }, 'email must not contain half of a surrogate pair'],
    [
      'an address of numbers',
      { email: 'a@127.0.0.1' },
      'email must be an e-mail address such as admin@example.com',
    ],
    ['an empty label', { email: 'a@b..cd' }, 'email must be an e-mail address such as admin@example.com'],
    ['a number as password', { password: 123_456_789_012 }, 'password must be a string'],
    ['no token', { token: undefined }, 'token is required'],
    ['an unknown field', { name: 'root' }, 'unknown field "name"'],
  ])('refuses %s, and the link stays valid', async (_name, fields, message) => {
    const { id, token } = await accountToSetUp();
    const body = { token, email: `${id}@example.com`, password };
    const answer = await setUp({ ...body, ...fields });
    expect(errorOf(answer)).toEqual({ status: 422, code: 11000 });
    expect(answer.message).toBe(message);
    expect((await setUp(body)).code).toBe(0);
  });

  test("refuses another account's e-mail address in any case, and the link stays valid", async () => {
    const [one, other] = [await accountToSetUp(), await accountToSetUp()];
    await setUp({ token: one.token, email: 'Taken@example.com', password });
    const answer = await setUp({ token: other.token, email: 'taken@example.com', password });
    expect(errorOf(answer)).toEqual(invalid);
    expect(answer.message).toBe('another account already uses this e-mail address');
    expect((await setUp({ token: other.token, email: 'free@example.com', password })).code).toBe(0);
  });

  test('stores no token', async () => {
    const { token } = await accountToSetUp();
    const { rows } = await platform.platform.database.pool.query(
      'SELECT setup_link::text AS text FROM setup_link',
    );
    expect(JSON.stringify(rows)).not.toContain(token);
  });
});

describe('POST /setup/link', () => {
  test('says what the link is for, and does not use it', async () => {
    const { name, token } = await accountToSetUp();
    for (let time = 0; time < 2; time += 1) {
      expect((await read(token)).data).toEqual({
        account: name,
        email: '',
        purpose: 'set_up',
        expires_at: expect.any(Number),
      });
    }
  });

  test('knows the address of an account that has one, and that its password is replaced', async () => {
    const { id, token } = await accountToSetUp();
    await setUp({ token, email: 'again@example.com', password });
    const again = await platform.platform.accounts.setupLinks.create(id);
    expect((await read(again)).data).toMatchObject({ email: 'again@example.com', purpose: 'recover' });
  });

  test('refuses what is not a valid link', async () => {
    const { token } = await accountToSetUp();
    await setUp({ token, email: 'used@example.com', password });
    expect((await read(token)).message).toBe('this set-up link was already used: it works only once');
    expect((await read('guessed')).message).toMatch(/^this set-up link is invalid/);
  });
});

describe('a password hash', () => {
  test('contains its parameters and differs each time', async () => {
    const [one, other] = await Promise.all([hashPassword(password), hashPassword(password)]);
    expect(one).toMatch(/^scrypt\$ln=10,r=8,p=2\$[\w-]{22}\$[\w-]{43}$/);
    expect(one).not.toBe(other);
    expect(await isPasswordOf(password, one)).toBe(true);
    expect(await isPasswordOf(`${password} `, one)).toBe(false);
  });

  test('costs 64 MiB and two passes outside of tests', async () => {
    const program = `console.log(await (await import('./src/accounts/passwords.ts')).hashPassword('x'))`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
    expect(stdout).toMatch(/^scrypt\$ln=16,r=8,p=2\$/);
  });

  test('is checked with the parameters it contains', async () => {
    const salt = Buffer.from('salt of long ago');
    const hash = scryptSync(password, salt, 32, { N: 2 ** 4, r: 8, p: 1 });
    const weaker = `scrypt$ln=4,r=8,p=1$${salt.toString('base64url')}$${hash.toString('base64url')}`;
    expect(await isPasswordOf(password, weaker)).toBe(true);
    expect(await isPasswordOf('another password', weaker)).toBe(false);
    await expect(isPasswordOf(password, 'plain')).rejects.toThrow('password hash of an unknown format');
  });
});
