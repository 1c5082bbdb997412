/** Marked secrets are used as in daily work, and then searched for in the log, the database and a backup. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BackupPlace, makeBackup, type BackupSecret } from '../../src/backup/backup.ts';
import { unpack } from '../../src/backup/entries.ts';
import { unseal } from '../../src/backup/sealed-stream.ts';
import { FolderStorage } from '../../src/storage/storages/folder.ts';
import { databaseContent } from '../backup/support/database-content.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { publishWorker, startRuns } from './packages.ts';

const lines: string[] = [];
/** Stored nowhere in the clear. */
const hidden: Record<string, string> = {
  key: 'marked-key-8c1f2b6e4a9d4d0f',
  password: 'marked-password-8c1f2b6e4a9d',
  upstream: 'marked-upstream-8c1f2b6e4a9d',
};
/** Stored, because the platform needs it, but never logged. */
let callbackSecret = '';
let platform: TestPlatform;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-secrets-'));
  const log = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  const upstream = `socks5://user:${hidden['upstream']}@127.0.0.1:9`;
  platform = await startTestPlatform(
    { proxyRegions: new Map([['US', upstream]]) },
    { api: true, runner: true },
    // More than the settings allow.
    pino({ level: 'trace' }, log),
  );
  await work();
});
afterAll(async () => {
  await platform.close();
  await rm(folder, { recursive: true, force: true });
});

async function work(): Promise<void> {
  const { accounts } = platform.platform;
  const { id } = await accounts.ensure('tester');
  const key = await accounts.createKey(id, 'marked', { key: hidden['key'] ?? '' });
  const token = await accounts.setupLinks.create(id);
  hidden['set-up link'] = token;
  const { password = '' } = hidden;
  const email = 'ada@example.com';
  await platform.call('/setup', { key: '', body: { token, email, password } });
  const session = await platform.call('/session', { key: '', body: { email, password } });
  hidden['session'] = /=([^;]+)/.exec(session.headers.get('set-cookie') ?? '')?.[1] ?? '';
  // Wrong ones, and those in the query, are used too.
  await platform.call('/session', { key: '', body: { email, password: `${password}x` } });
  await fetch(`${platform.url}/api/v2/workers?token=${key}`);
  const secret = await platform.call<Record<string, string>>('/users/account/callback-secret', {
    method: 'POST',
  });
  callbackSecret = Object.values(secret.data).find((value) => value.length > 20) ?? '';
  const worker = await publishWorker(platform, 'Prints its environment', {
    key,
    files: { 'main.js': 'console.log(JSON.stringify(process.env));\n' },
  });
  const [run = ''] = await startRuns(platform, worker, 1, key);
  await platform.finished(run);
}

function found(text: string, secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets)
    .filter(([, secret]) => text.includes(secret))
    .map(([name]) => name);
}

async function backupText(secret: BackupSecret | undefined): Promise<{ content: string; bytes: string }> {
  const place = new BackupPlace(
    new FolderStorage(path.join(folder, secret === undefined ? 'plain' : 'encrypted')),
  );
  const { dataDir } = platform.platform.config;
  const storage = new FolderStorage(path.join(dataDir, 'storage'));
  const { summary } = await makeBackup({ databaseUrl: platform.databaseUrl, storage, place, secret });
  const bytes = Buffer.concat(await Array.fromAsync(place.read(summary))).toString('latin1');
  let content = '';
  for await (const entry of unpack(unseal(place.read(summary), secret)))
    for await (const piece of entry.content) content += piece.toString('latin1');
  return { content, bytes };
}

test('every secret was used', () => {
  expect(Object.values({ ...hidden, callbackSecret }).every((secret) => secret.length > 20)).toBe(true);
});

test('the log of the platform has none of them', () => {
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.filter((line) => found(line, { ...hidden, callbackSecret }).length > 0)).toEqual([]);
});

test('the database has only what the platform needs in the clear', async () => {
  const text = JSON.stringify(await databaseContent(platform.databaseUrl));
  expect(found(text, { ...hidden, callbackSecret })).toEqual(['callbackSecret']);
});

test('a backup has no more than the database, and an encrypted one shows nothing', async () => {
  const plain = await backupText(undefined);
  expect(found(plain.content, { ...hidden, callbackSecret })).toEqual(['callbackSecret']);
  const encrypted = await backupText({ kind: 'password', password: 'of the backups' });
  expect(found(encrypted.bytes, { ...hidden, callbackSecret })).toEqual([]);
});
