/** The key of encrypted archives, from a password or a key file. */
import { hkdfSync, randomBytes, scrypt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { BackupError } from './backup-error.ts';

/** Where the secret is from. */
export type BackupSecret =
  | { readonly kind: 'password'; readonly password: string }
  | { readonly kind: 'key-file'; readonly path: string };

/** How the key of an archive is derived. It is not secret and stands at the head of the archive. */
export interface KeyDerivation {
  readonly kind: BackupSecret['kind'];
  /** In hex. A new one for each archive, so that no key ever encrypts two. */
  readonly salt: string;
}

const saltBytes = 32;
const keyBytes = 32;
/** OWASP's recommendation of 2023: 128 MiB of memory, some tenths of a second. */
const scryptCost = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 };
const leastKeyFileBytes = 32;

export function newDerivation({ kind }: BackupSecret): KeyDerivation {
  return { kind, salt: randomBytes(saltBytes).toString('hex') };
}

/** @throws BackupError if the secret is of another kind, or its file cannot be used */
export async function deriveKey(secret: BackupSecret, { kind, salt }: KeyDerivation): Promise<Buffer> {
  if (secret.kind !== kind) {
    throw new BackupError(
      kind === 'password'
        ? 'this backup was encrypted with a password: set CHELA_BACKUP_PASSWORD instead of CHELA_BACKUP_KEY_FILE'
        : 'this backup was encrypted with a key file: set CHELA_BACKUP_KEY_FILE instead of CHELA_BACKUP_PASSWORD',
    );
  }
  const saltBuffer = Buffer.from(salt, 'hex');
  if (secret.kind === 'key-file') {
    const content = await readKeyFile(secret.path);
    return Buffer.from(hkdfSync('sha256', content, saltBuffer, 'chela backup', keyBytes));
  }
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  scrypt(secret.password.normalize('NFC'), saltBuffer, keyBytes, scryptCost, (error, key) => {
    if (error === null) resolve(key);
    else reject(error);
  });
  return promise;
}

async function readKeyFile(path: string): Promise<Buffer> {
  const content = await readFile(path).catch((error: Error) => {
    throw new BackupError(`the key file (CHELA_BACKUP_KEY_FILE) cannot be read: ${error.message}`);
  });
  if (content.length >= leastKeyFileBytes) return content;
  throw new BackupError(
    `the key file (CHELA_BACKUP_KEY_FILE) has ${content.length} bytes, but needs ${leastKeyFileBytes} or more: create it with "openssl rand -out ${path} 32"`,
  );
}
