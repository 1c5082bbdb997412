import { SMTPServer } from 'smtp-server';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminAccountName, csrfTokenOf } from '../../src/accounts/accounts.ts';
import { hashPassword } from '../../src/accounts/passwords.ts';
import { ask, errorOf, type AskOptions } from '../http/checked-answer.ts';
import { publishWorker } from '../http/packages.ts';
import { eventually } from '../platform/support/eventually.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

const password = 'correct horse battery staple';
const invalid = { status: 400, code: 11000 };
const forbidden = { status: 403, code: 12001 };
const notFound = { status: 404, code: 11004 };

/** A mail server on loopback that keeps what it gets. */
const letters: { to: string; text: string }[] = [];
const smtp = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  logger: false,
  onData: (stream, { envelope }, done) => {
    let letter = '';
    stream.setEncoding('utf8');
    stream.on('data', (part: string) => {
      letter += part;
    });
    stream.on('end', () => {
      letters.push({ to: envelope.rcptTo.map(({ address }) => address).join(), text: letter });
      done();
    });
  },
});

let platform: TestPlatform;
let adminKey: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
  const { port } = smtp.server.address() as AddressInfo;
  platform = await startTestPlatform(
    {
      signInLimitPerMinute: 1000,
      smtpUrl: `smtp://127.0.0.1:${port}`,
      mailFrom: 'Chela <chela@example.com>',
      publicUrl: 'https://chela.example',
    },
    { api: true, runner: false },
  );
  adminKey = (await platform.otherAccount(adminAccountName)).key;
});
afterAll(async () => {
  await platform.close();
  await new Promise<void>((resolve) => smtp.close(resolve));
});

function asAdmin<Data = Record<string, unknown>>(path: string, options: AskOptions = {}) {
  return ask<Data>(platform, path, { key: adminKey, ...options });
}

interface Browser {
  readonly call: <Data = Record<string, unknown>>(
    path: string,
    options?: { method?: 'GET' | 'PUT' | 'DELETE'; body?: object },
  ) => ReturnType<typeof platform.call<Data>>;
}

async function openSession(origin: { id: number; name: string; userAgent?: string }): Promise<Browser> {
  const { token } = await platform.platform.accounts.sessions.open(origin, '', {
    address: '192.0.2.7',
    userAgent: origin.userAgent ?? '',
  });
  const headers = { cookie: `chela_session=${token}`, 'x-csrf-token': csrfTokenOf(token) };
  return { call: (path, options) => platform.call(path, { key: '', headers, ...options }) };
}

function signIn(email: string, secret = password) {
  return ask(platform, '/session', { key: '', body: { email, password: secret } });
}

/** Hashing a password takes a third of a second, so all members have the same hash. */
let passwordHash: string | undefined;

/** A member who has an address and a password. */
async function member(name: string): Promise<{ name: string; email: string; id: number }> {
  const email = `${name}@example.com`;
  const { id } = await platform.platform.accounts.ensure(name);
  passwordHash ??= await hashPassword(password);
  await platform.platform.database.pool.query(
    'UPDATE account SET email = $2, password_hash = $3 WHERE id = $1',
    [id, email, passwordHash],
  );
  return { name, email, id };
}

function requestRecovery(email: string) {
  return ask(platform, '/recovery', { key: '', body: { email } });
}

function lettersTo(email: string) {
  return letters.filter(({ to }) => to === email);
}

function makeLink(name: string) {
  return asAdmin(`/accounts/${name}/set-up-link`, { method: 'POST' });
}

function tokenIn(link: string): string {
  return new URL(link).searchParams.get('token') ?? '';
}

describe('an account', () => {
  test('is created with an address, invited with a link, and active once the link was used', async () => {
    const body = { name: 'invitee', email: 'invitee@example.com' };
    expect((await asAdmin('/accounts', { body })).data).toMatchObject({ ...body, state: 'keys_only' });
    const link = await asAdmin<{ url: string; account: string; expires_at: number }>(
      '/accounts/invitee/set-up-link',
      { method: 'POST' },
    );
    expect(link.data).toMatchObject({
      account: 'invitee',
      url: expect.stringMatching(/^https:\/\/chela\.example\/setup\?token=/),
    });
    const invited = await asAdmin('/accounts/invitee');
    expect(invited.data).toMatchObject({ state: 'invited', link_expires_at: link.data.expires_at });
    const setUp = { token: tokenIn(link.data.url), email: body.email, password };
    expect((await ask(platform, '/setup', { key: '', body: setUp })).code).toBe(0);
    expect((await asAdmin('/accounts/invitee')).data).toMatchObject({ state: 'active', link_expires_at: 0 });
    const audit = await asAdmin<{ list: { action: string; actor: string }[] }>('/audit-log?limit=20');
    expect(audit.data.list).toContainEqual(
      expect.objectContaining({ action: 'account.link_created', actor: 'admin', subject: 'invitee' }),
    );
  });

  test('cannot take the address of another', async () => {
    await member('first');
    const taken = await asAdmin('/accounts', { body: { name: 'second', email: 'FIRST@example.com' } });
    expect(errorOf(taken)).toEqual(invalid);
    expect(taken.message).toBe('another account already uses this e-mail address');
    expect(errorOf(await asAdmin('/accounts/second'))).toEqual(notFound);
    await member('third');
    const changed = await asAdmin('/accounts/third', { method: 'PUT', body: { email: 'first@example.com' } });
    expect(changed.message).toBe('another account already uses this e-mail address');
  });

  test('gets no link if it does not exist, is disabled, or belongs to the platform', async () => {
    await asAdmin('/accounts', { body: { name: 'idle' } });
    await asAdmin('/accounts/idle', { method: 'PUT', body: { is_disabled: true } });
    expect(errorOf(await makeLink('nobody'))).toEqual(notFound);
    expect(errorOf(await makeLink('idle'))).toEqual(invalid);
    expect(errorOf(await makeLink('chela'))).toEqual(invalid);
  });
});

describe('a disabled account', () => {
  test('is shut out immediately: sessions, keys, links and new runs; enabling it restores the keys', async () => {
    const { email, id, name } = await member('leaver');
    const browser = await openSession({ id, name });
    const { accounts, runs } = platform.platform;
    const key = await accounts.createKey(id, 'test');
    const worker = await publishWorker(platform, 'Of the leaver', { key });
    const token = await accounts.setupLinks.create(id);
    expect((await platform.call('/users/account', { key })).code).toBe(0);
    const disabled = await asAdmin('/accounts/leaver', { method: 'PUT', body: { is_disabled: true } });
    expect(disabled.data).toMatchObject({ state: 'disabled' });
    expect((await browser.call('/users/account')).status).toBe(401);
    expect((await platform.call('/users/account', { key })).status).toBe(401);
    const again = await signIn(email);
    expect(errorOf(again)).toEqual(forbidden);
    expect(again.message).toBe('this account is disabled: ask an administrator to enable it');
    expect((await signIn(email, 'wrong')).message).toBe('wrong e-mail address or password');
    const setUp = await ask(platform, '/setup', { key: '', body: { token, email, password } });
    expect(setUp.message).toBe('this account is disabled: ask an administrator to enable it');
    // As a schedule would.
    const submitted = runs.submit({ accountId: id, workerId: worker, input: {}, origin: 'schedule' });
    await expect(submitted).rejects.toThrow('the account is disabled');
    await asAdmin('/accounts/leaver', { method: 'PUT', body: { is_disabled: false } });
    expect((await platform.call('/users/account', { key })).code).toBe(0);
  });

  test('cannot be the one of the platform, or your own', async () => {
    for (const name of ['admin', 'chela']) {
      const answer = await asAdmin(`/accounts/${name}`, { method: 'PUT', body: { is_disabled: true } });
      expect(errorOf(answer)).toEqual(invalid);
    }
    const { id } = await member('deputy');
    const key = await platform.platform.accounts.createKey(id, 'test');
    await asAdmin('/accounts/deputy', { method: 'PUT', body: { is_admin: true } });
    const own = await asAdmin('/accounts/deputy', { key, method: 'PUT', body: { is_disabled: true } });
    expect(own.message).toBe('you cannot disable your own account');
  });
});

describe('changing the password', () => {
  test('needs the current one, and ends the other sessions', async () => {
    const changer = await member('changer');
    const { email, id } = changer;
    const [here, elsewhere] = [await openSession(changer), await openSession(changer)];
    const change = (current_password: string, wanted: string) =>
      here.call('/users/account/password', { method: 'PUT', body: { current_password, password: wanted } });
    const wrong = await change('not my password', 'a brand new password');
    expect([errorOf(wrong), wrong.message]).toEqual([invalid, 'the current password is wrong']);
    expect((await change(password, 'short')).status).toBe(422);
    expect((await elsewhere.call('/session')).code).toBe(0);
    expect((await change(password, 'a brand new password')).code).toBe(0);
    expect((await here.call('/session')).code).toBe(0);
    expect((await elsewhere.call('/session')).status).toBe(401);
    expect((await signIn(email)).message).toBe('wrong e-mail address or password');
    expect((await signIn(email, 'a brand new password')).code).toBe(0);
    const { list } = await platform.platform.accounts.audit.list({ accountId: id }, { number: 1, size: 5 });
    expect(list.map(({ action }) => action)).toContain('account.password_changed');
  });

  test('succeeds for one of several simultaneous requests', async () => {
    const browser = await openSession(await member('racer'));
    const answers = await Promise.all(
      ['first new password', 'second new password'].map(async (wanted) =>
        browser.call('/users/account/password', {
          method: 'PUT',
          body: { current_password: password, password: wanted },
        }),
      ),
    );
    expect(answers.map(({ code }) => code).toSorted((one, other) => one - other)).toEqual([0, 11000]);
  });

  test('is not for accounts without a password', async () => {
    const { key } = await platform.otherAccount('keys-only');
    const body = { current_password: 'anything', password: 'a brand new password' };
    const answer = await ask(platform, '/users/account/password', { key, method: 'PUT', body });
    expect(errorOf(answer)).toEqual(invalid);
    expect(answer.message).toContain('this account has no password yet');
  });
});

describe('changing the e-mail address', () => {
  test('needs the password, a real address, and one that is free', async () => {
    const browser = await openSession(await member('mover'));
    await member('settled');
    const change = (wanted: string, current_password = password) =>
      browser.call('/users/account/email', { method: 'PUT', body: { current_password, email: wanted } });
    expect((await change('moved@example.com', 'wrong')).message).toBe('the current password is wrong');
    expect((await change('me@x')).message).toBe(
      'email must have a complete domain after the @, such as me@example.com',
    );
    expect((await change('Settled@example.com')).message).toBe(
      'another account already uses this e-mail address',
    );
    expect((await change(' moved@example.com ')).code).toBe(0);
    expect((await signIn('moved@example.com')).code).toBe(0);
  });
});

test.each([
  ['password', { password: 'a brand new password' }],
  ['email', { email: 'newer-email@example.com' }],
])('a set-up link that was not used ends when the %s is changed', async (field, change) => {
  const owner = await member(`linked-${field}`);
  const browser = await openSession(owner);
  const { data } = await makeLink(owner.name);
  const body = { current_password: password, ...change };
  expect((await browser.call(`/users/account/${field}`, { method: 'PUT', body })).code).toBe(0);
  const used = await ask(platform, '/setup', {
    key: '',
    body: { token: tokenIn(String(data['url'])), email: owner.email, password: 'the password of a thief' },
  });
  expect(errorOf(used)).toEqual(invalid);
  expect(used.message).toContain('this set-up link has expired');
});

describe('the sessions of an account', () => {
  test('are listed with their browser, and ended one by one or all others at once', async () => {
    const traveler = await member('traveler');
    const laptop = await openSession({ ...traveler, userAgent: 'Laptop/1.0' });
    const phone = await openSession({ ...traveler, userAgent: 'Phone/2.0 '.padEnd(600, 'x') });
    const tablet = await openSession({ ...traveler, userAgent: 'Tablet/3.0' });
    interface Listed {
      slug: string;
      is_current: boolean;
      user_agent: string;
      address: string;
    }
    const list = async () => (await laptop.call<{ list: Listed[] }>('/sessions')).data.list;
    const listed = await list();
    expect(
      listed.map(({ is_current: isCurrent, user_agent: name }) => [isCurrent, name.slice(0, 8)]),
    ).toEqual(
      expect.arrayContaining([
        [true, 'Laptop/1'],
        [false, 'Phone/2.'],
        [false, 'Tablet/3'],
      ]),
    );
    expect(listed[0]?.address).toBe('192.0.2.7');
    const slug = listed.find(({ user_agent: name }) => name.startsWith('Phone'))?.slug ?? '';
    const stranger = await openSession(await member('stranger'));
    expect(errorOf(await stranger.call(`/sessions/${slug}`, { method: 'DELETE' }))).toEqual(notFound);
    expect((await laptop.call(`/sessions/${slug}`, { method: 'DELETE' })).code).toBe(0);
    expect(errorOf(await laptop.call(`/sessions/${slug}`, { method: 'DELETE' }))).toEqual(notFound);
    expect((await phone.call('/session')).status).toBe(401);
    expect((await tablet.call('/session')).code).toBe(0);
    expect((await laptop.call('/sessions?keep_current=true', { method: 'DELETE' })).code).toBe(0);
    expect((await tablet.call('/session')).status).toBe(401);
    expect(await list()).toMatchObject([{ is_current: true }]);
  });
});

describe('recovery by mail', () => {
  test('sends a link that works, whatever the case of the address, and only one in five minutes', async () => {
    const { email } = await member('forgetful');
    expect((await requestRecovery(email.toUpperCase())).code).toBe(0);
    const [letter] = await eventually(async () => {
      const arrived = lettersTo(email);
      return arrived.length > 0 ? arrived : undefined;
    });
    // Long lines of a letter are wrapped with "=" at their ends.
    const body = letter?.text.replaceAll('=\r\n', '').replaceAll('=3D', '=') ?? '';
    expect(body).toContain('From: Chela <chela@example.com>');
    expect(body).toContain('Chela account forgetful');
    const link = /https:\/\/chela\.example\/setup\?token=[\w-]+/.exec(body)?.[0] ?? '';
    // The audit entry follows the letter, and ends the job.
    await eventually(async () => {
      const { data } = await asAdmin<{ list: { action: string }[] }>('/audit-log?limit=20');
      return data.list.find(({ action }) => action === 'account.link_mailed');
    });
    await requestRecovery(email);
    const other = await member('patient');
    await requestRecovery(other.email);
    await eventually(async () => lettersTo(other.email)[0]);
    expect(lettersTo(email)).toHaveLength(1);
    const setUp = { token: tokenIn(link), email, password: 'remembered this time' };
    expect((await ask(platform, '/setup', { key: '', body: setUp })).code).toBe(0);
  });

  test('answers the same for an unknown address, and for a disabled account, and sends nothing', async () => {
    const { email: gone } = await member('gone');
    await asAdmin('/accounts/gone', { method: 'PUT', body: { is_disabled: true } });
    const { email } = await member('known');
    const { requestId: _one, headers: _headers, ...known } = await requestRecovery(email);
    for (const unknown of ['nobody@example.com', gone, 'not an address']) {
      const { requestId: _other, headers: _others, ...answer } = await requestRecovery(unknown);
      expect(answer).toEqual(known);
    }
    await eventually(async () => lettersTo(email)[0]);
    expect(letters.map(({ to }) => to)).not.toContain(gone);
  });
});
