import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BackupError } from '../../src/backup/backup.ts';
import type { BackupSecret } from '../../src/backup/backup-secret.ts';
import { seal, unseal } from '../../src/backup/sealed-stream.ts';

let folder: string;
let keyFile: BackupSecret;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-seal-'));
  const file = path.join(folder, 'key');
  await writeFile(file, randomBytes(32));
  keyFile = { kind: 'key-file', path: file };
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

async function* inPieces(bytes: Uint8Array, sizeBytes: number): AsyncIterable<Uint8Array> {
  for (let start = 0; start < bytes.length; start += sizeBytes)
    yield bytes.subarray(start, start + sizeBytes);
}

async function sealedBytes(content: Uint8Array, secret?: BackupSecret): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(seal(inPieces(content, 70_001), secret)));
}

async function unsealedBytes(archive: Uint8Array, secret?: BackupSecret): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(unseal(inPieces(archive, 50_003), secret)));
}

describe.each<[string, () => BackupSecret | undefined]>([
  ['without encryption', () => undefined],
  ['with a key file', () => keyFile],
])('%s', (_name, secretOf) => {
  test.each([0, 1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 1_000_000])(
    '%i bytes come back as they were',
    async (size) => {
      const content = randomBytes(size);
      const archive = await sealedBytes(content, secretOf());
      expect((await unsealedBytes(archive, secretOf())).equals(content)).toBe(true);
    },
  );

  test('every altered byte, every missing end and every addition is noticed', async () => {
    const archive = await sealedBytes(randomBytes(300_000), secretOf());
    const places = Array.from({ length: 40 }, (_, index) => Math.floor((index * archive.length) / 40));
    for (const place of [...places, archive.length - 1]) {
      const altered = Buffer.from(archive);
      altered[place] = (altered[place] ?? 0) ^ 1;
      await expect(unsealedBytes(altered, secretOf()), `byte ${place}`).rejects.toThrow(BackupError);
      await expect(unsealedBytes(archive.subarray(0, place), secretOf()), `cut at ${place}`).rejects.toThrow(
        BackupError,
      );
    }
    await expect(unsealedBytes(Buffer.concat([archive, Buffer.from('x')]), secretOf())).rejects.toThrow(
      'it goes on after its end',
    );
  });

  test('chunks that are exchanged, repeated or left out are noticed', async () => {
    const chunk = 256 * 1024;
    const archive = await sealedBytes(Buffer.alloc(3 * chunk), secretOf());
    const size = chunk + 21;
    const last = archive.length - size;
    const head = archive.subarray(0, last - 2 * size);
    const [first, second] = [
      archive.subarray(last - 2 * size, last - size),
      archive.subarray(last - size, last),
    ];
    const end = archive.subarray(last);
    for (const order of [
      [second, first, end],
      [first, first, end],
      [first, end],
      [first, second, second, end],
      [first, second],
    ])
      await expect(unsealedBytes(Buffer.concat([head, ...order]), secretOf())).rejects.toThrow(BackupError);
  });
});

test('an encrypted archive shows nothing of its content, and two of the same content differ', async () => {
  const content = Buffer.from('a secret that stands in the clear nowhere');
  const [one, other] = [await sealedBytes(content, keyFile), await sealedBytes(content, keyFile)];
  expect(one.includes('secret')).toBe(false);
  expect(one.equals(other)).toBe(false);
});

test('a password opens what it sealed, and messages say what is missing', async () => {
  const password: BackupSecret = { kind: 'password', password: 'pässword' };
  const archive = await sealedBytes(Buffer.from('content'), password);
  expect(String(await unsealedBytes(archive, password))).toBe('content');
  // The same letters, composed differently.
  const composed: BackupSecret = { kind: 'password', password: 'pa\u0308ssword' };
  expect(String(await unsealedBytes(archive, composed))).toBe('content');
  await expect(unsealedBytes(archive, { kind: 'password', password: 'other' })).rejects.toThrow(
    'the password or key file is not the right one, or the backup was altered',
  );
  await expect(unsealedBytes(archive)).rejects.toThrow('set CHELA_BACKUP_PASSWORD');
  await expect(unsealedBytes(archive, keyFile)).rejects.toThrow('set CHELA_BACKUP_PASSWORD instead of');
});

test('a key file that is missing or too short is refused', async () => {
  const short = path.join(folder, 'short');
  await writeFile(short, 'too short');
  await expect(sealedBytes(Buffer.alloc(1), { kind: 'key-file', path: short })).rejects.toThrow(
    'has 9 bytes, but needs 32 or more',
  );
  const missing = path.join(folder, 'missing');
  await expect(sealedBytes(Buffer.alloc(1), { kind: 'key-file', path: missing })).rejects.toThrow('ENOENT');
});

test('what is not an archive is refused, and so is one of a newer format', async () => {
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(100_000), Buffer.from('PK\u0003\u0004')])
    await expect(unsealedBytes(bytes)).rejects.toThrow('this is not a backup of Chela');
  await expect(unsealedBytes(Buffer.from('chela backup 2\n{}\n'))).rejects.toThrow('by a newer Chela');
});
