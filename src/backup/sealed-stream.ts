/**
 * The outer layer of an archive: a head in plain text, and the content in chunks that are encrypted, or only carry a
 * digest. It follows the STREAM construction (Hoang, Reyhanitabar, Rogaway and Vizár, 2015), as age does: the nonce of a
 * chunk is its number and whether it is the last one, so chunks that are altered, exchanged, repeated or missing are
 * noticed, also at the end. Each archive has a key of its own.
 *
 *   head   one line `chela backup 1`, one line of JSON
 *   chunk  length (4 bytes), 1 if it is the last (1 byte), tag (16 bytes), content
 */
import { createCipheriv, createDecipheriv, createHash, timingSafeEqual } from 'node:crypto';
import { BackupError } from './backup-error.ts';
import { ByteReader } from './byte-reader.ts';
import { deriveKey, newDerivation, type BackupSecret, type KeyDerivation } from './backup-secret.ts';

const firstLine = 'chela backup 1';
const cipher = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;
const headLimitBytes = 4096;
const chunkBytes = 256 * 1024;
const chunkHeadBytes = 4 + 1 + tagBytes;

interface Head {
  /** null for an archive that is not encrypted. */
  readonly encryption: KeyDerivation | null;
}

interface Chunk {
  readonly number: number;
  readonly isLast: boolean;
  readonly content: Uint8Array;
}

interface Sealer {
  seal(chunk: Chunk): { tag: Buffer; content: Uint8Array };
  /** @returns undefined if the chunk is not authentic */
  open(chunk: Chunk, tag: Buffer): Uint8Array | undefined;
}

function nonceOf({ number, isLast }: Chunk): Buffer {
  const nonce = Buffer.alloc(nonceBytes);
  nonce.writeUIntBE(number, nonceBytes - 7, 6);
  nonce[nonceBytes - 1] = isLast ? 1 : 0;
  return nonce;
}

/** @param head every chunk is bound to it */
function encrypting(key: Buffer, head: Buffer): Sealer {
  return {
    seal: (chunk) => {
      const sealing = createCipheriv(cipher, key, nonceOf(chunk)).setAAD(head);
      const content = Buffer.concat([sealing.update(chunk.content), sealing.final()]);
      return { tag: sealing.getAuthTag(), content };
    },
    open: (chunk, tag) => {
      const opening = createDecipheriv(cipher, key, nonceOf(chunk)).setAAD(head).setAuthTag(tag);
      const content = opening.update(chunk.content);
      try {
        return Buffer.concat([content, opening.final()]);
      } catch {
        return undefined;
      }
    },
  };
}

/** Notices accidents, but nobody who alters an archive on purpose. */
function digesting(head: Buffer): Sealer {
  const tagOf = (chunk: Chunk): Buffer =>
    createHash('sha256')
      .update(head)
      .update(nonceOf(chunk))
      .update(chunk.content)
      .digest()
      .subarray(0, tagBytes);
  return {
    seal: (chunk) => ({ tag: tagOf(chunk), content: chunk.content }),
    open: (chunk, tag) => (timingSafeEqual(tag, tagOf(chunk)) ? chunk.content : undefined),
  };
}

async function sealerOf(head: Head, bytes: Buffer, secret: BackupSecret | undefined): Promise<Sealer> {
  if (head.encryption === null) return digesting(bytes);
  if (secret !== undefined) return encrypting(await deriveKey(secret, head.encryption), bytes);
  throw new BackupError(
    head.encryption.kind === 'password'
      ? 'this backup is encrypted with a password: set CHELA_BACKUP_PASSWORD'
      : 'this backup is encrypted with a key file: set CHELA_BACKUP_KEY_FILE',
  );
}

/** @param secret what encrypts the archive; undefined for one that is not encrypted */
export async function* seal(
  content: AsyncIterable<Uint8Array>,
  secret: BackupSecret | undefined,
): AsyncIterable<Uint8Array> {
  const head: Head = { encryption: secret === undefined ? null : newDerivation(secret) };
  const bytes = Buffer.from(`${firstLine}\n${JSON.stringify(head)}\n`);
  const sealer = await sealerOf(head, bytes, secret);
  yield bytes;
  let number = 0;
  // One chunk is held back, because only the end of the content tells which one is the last.
  let held: Buffer | undefined;
  for await (const piece of chunks(content)) {
    if (held !== undefined) yield sealed(sealer, { number: number++, isLast: false, content: held });
    held = piece;
  }
  yield sealed(sealer, { number, isLast: true, content: held ?? Buffer.alloc(0) });
}

function sealed(sealer: Sealer, chunk: Chunk): Uint8Array {
  const { tag, content } = sealer.seal(chunk);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(content.length);
  head[4] = chunk.isLast ? 1 : 0;
  return Buffer.concat([head, tag, content]);
}

/** The content in pieces of the same size; the last one may be shorter. */
async function* chunks(content: AsyncIterable<Uint8Array>): AsyncIterable<Buffer> {
  const reader = new ByteReader(content);
  try {
    for (;;) {
      const piece = await reader.upTo(chunkBytes);
      if (piece.length === 0) return;
      yield piece;
    }
  } finally {
    await reader.close();
  }
}

/**
 * The content of a sealed stream.
 * @throws BackupError if it is not an archive, the secret is not the right one, or something was altered or is missing
 */
export async function* unseal(
  archive: AsyncIterable<Uint8Array>,
  secret: BackupSecret | undefined,
): AsyncIterable<Uint8Array> {
  const reader = new ByteReader(archive);
  try {
    yield* opened(reader, secret);
  } finally {
    await reader.close();
  }
}

async function* opened(reader: ByteReader, secret: BackupSecret | undefined): AsyncIterable<Uint8Array> {
  const { head, bytes } = await readHead(reader);
  const sealer = await sealerOf(head, bytes, secret);
  for (let number = 0, isLast = false; !isLast; number += 1) {
    const chunkHead = await reader.upTo(chunkHeadBytes);
    if (chunkHead.length < chunkHeadBytes) throw truncated();
    const sizeBytes = chunkHead.readUInt32BE();
    isLast = chunkHead[4] === 1;
    if (sizeBytes > chunkBytes) throw altered(number);
    const content = await reader.upTo(sizeBytes);
    if (content.length < sizeBytes) throw truncated();
    const plain = sealer.open({ number, isLast, content }, chunkHead.subarray(5));
    if (plain === undefined) {
      if (number === 0 && head.encryption !== null)
        throw new BackupError('the password or key file is not the right one, or the backup was altered');
      throw altered(number);
    }
    yield plain;
  }
  if ((await reader.upTo(1)).length > 0)
    throw new BackupError('the backup was altered: it goes on after its end');
}

async function readHead(reader: ByteReader): Promise<{ head: Head; bytes: Buffer }> {
  const [name, json] = [await reader.line(headLimitBytes), await reader.line(headLimitBytes)];
  if (name !== firstLine || json === undefined) {
    throw new BackupError(
      name?.startsWith('chela backup ') === true
        ? 'this backup was made by a newer Chela: install a newer version'
        : 'this is not a backup of Chela',
    );
  }
  try {
    return { head: JSON.parse(json) as Head, bytes: Buffer.from(`${name}\n${json}\n`) };
  } catch {
    throw new BackupError('the head of the backup was altered');
  }
}

function truncated(): BackupError {
  return new BackupError('the backup is incomplete: its end is missing');
}

function altered(chunk: number): BackupError {
  return new BackupError(`the backup was altered or damaged (chunk ${chunk})`);
}
