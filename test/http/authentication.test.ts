import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { ask, errorOf } from './checked-answer.ts';
import { makePublic, publishWorker } from './packages.ts';

let platform: TestPlatform;
let worker: string;

beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
  worker = await publishWorker(platform, 'Public one');
  await makePublic(platform, worker);
});
afterAll(async () => platform.close());

/** The three places for a credential; undefined sends none there, '' a blank one. */
interface Credentials {
  readonly authorization?: string;
  readonly apiKey?: string;
  readonly token?: string;
}

async function account(credentials: Credentials, path = '/users/account') {
  const { authorization, apiKey, token } = credentials;
  const query = token === undefined ? '' : `?token=${encodeURIComponent(token)}`;
  return ask(platform, `${path}${query}`, {
    key: '',
    headers: {
      ...(authorization === undefined ? {} : { authorization }),
      ...(apiKey === undefined ? {} : { 'api-key': apiKey }),
    },
  });
}

describe('a valid key is accepted', () => {
  test.each<[string, (key: string) => Credentials]>([
    ['as bearer token', (key) => ({ authorization: `Bearer ${key}` })],
    ['as bearer token, whatever the case of the scheme', (key) => ({ authorization: `bEARER ${key}` })],
    ['as bearer token after several spaces', (key) => ({ authorization: `Bearer    ${key}` })],
    ['as header api-key', (key) => ({ apiKey: key })],
    ['as query value token', (key) => ({ token: key })],
    ['in all three places', (key) => ({ authorization: `Bearer ${key}`, apiKey: key, token: key })],
    ['beside a wrong bearer token', (key) => ({ authorization: 'Bearer wrong', apiKey: key })],
    ['beside a header of another scheme', (key) => ({ authorization: 'Basic d3Jvbmc=', token: key })],
    ['beside a wrong api-key', (key) => ({ apiKey: 'wrong', token: key })],
    ['beside a wrong token', (key) => ({ authorization: `Bearer ${key}`, token: 'wrong' })],
    ['beside blank ones', (key) => ({ authorization: 'Bearer ', apiKey: '  ', token: key })],
  ])('%s', async (_name, credentials) => {
    expect((await account(credentials(platform.key))).code).toBe(0);
  });

  test('as one of two query parameters', async () => {
    const answer = await ask(platform, `/users/account?token=wrong&token=${platform.key}`, { key: '' });
    expect(answer.code).toBe(0);
  });
});

test.each<[string, Credentials]>([
  ['none', {}],
  ['a blank bearer token', { authorization: 'Bearer' }],
  ['a bearer token of spaces', { authorization: 'Bearer    ' }],
  ['an empty authorization header', { authorization: '' }],
  ['an empty api-key', { apiKey: '' }],
  ['an empty token', { token: '' }],
  ['a token of spaces', { token: '  ' }],
  ['blank credentials everywhere', { authorization: 'Bearer ', apiKey: ' ', token: '' }],
])('no credential is 401 with code 12001: %s', async (_name, credentials) => {
  const answer = await account(credentials);
  expect(errorOf(answer)).toEqual({ status: 401, code: 12001 });
  expect(answer.message).toContain('Authorization: Bearer <key>');
});

test.each<[string, (key: string) => Credentials]>([
  ['a wrong bearer token', () => ({ authorization: 'Bearer wrong' })],
  ['a wrong api-key', () => ({ apiKey: 'wrong' })],
  ['a wrong token', () => ({ token: 'wrong' })],
  [
    'wrong credentials everywhere',
    () => ({ authorization: 'Bearer wrong', apiKey: 'wrong', token: 'wrong' }),
  ],
  ['a valid key as Basic', (key) => ({ authorization: `Basic ${key}` })],
  ['a valid key as Digest', (key) => ({ authorization: `Digest ${key}` })],
  ['a truncated valid key', (key) => ({ apiKey: key.slice(0, -1) })],
  ['a valid key in capitals', (key) => ({ apiKey: key.toUpperCase() })],
  ['a valid key twice in one header', (key) => ({ apiKey: `${key}, ${key}` })],
  ['U+0000', () => ({ token: '\0' })],
  ['ten thousand characters', () => ({ token: 'x'.repeat(10_000) })],
])('a wrong credential is 401 with code 12002: %s', async (_name, credentials) => {
  expect(errorOf(await account(credentials(platform.key)))).toEqual({ status: 401, code: 12002 });
});

test('a key works exactly until it is revoked', async () => {
  const { key } = await platform.otherAccount('revoking');
  expect((await account({ apiKey: key })).code).toBe(0);
  await platform.platform.accounts.revokeKey(key);
  expect(errorOf(await account({ apiKey: key }))).toEqual({ status: 401, code: 12002 });
});

test('a key that has expired is refused', async () => {
  const { accounts } = platform.platform;
  const { id } = await accounts.ensure('expiring');
  const key = await accounts.createKey(id, 'expired', { expiresAt: new Date(Date.now() - 1000) });
  expect(errorOf(await account({ apiKey: key }))).toEqual({ status: 401, code: 12002 });
});

test('a key that expires later works', async () => {
  const { accounts } = platform.platform;
  const { id } = await accounts.ensure('expiring');
  const key = await accounts.createKey(id, 'valid', { expiresAt: new Date(Date.now() + 3_600_000) });
  expect((await account({ apiKey: key })).code).toBe(0);
});

test.each<[string, Credentials]>([
  ['none', {}],
  ['blank', { authorization: 'Bearer ', token: '' }],
  ['wrong', { authorization: 'Bearer wrong', apiKey: 'wrong', token: 'wrong' }],
  ['of another scheme', { authorization: 'Basic d3Jvbmc=' }],
])('public operations respond whatever the credentials: %s', async (_name, credentials) => {
  expect((await account(credentials, '/store')).code).toBe(0);
  expect((await account(credentials, `/workers/${worker}/input-schema`)).code).toBe(0);
});

test('a missing credential is reported before a malformed body', async () => {
  const answer = await ask(platform, `/workers/${worker}/runs`, { key: '', body: '{' });
  expect(errorOf(answer)).toEqual({ status: 401, code: 12001 });
});
