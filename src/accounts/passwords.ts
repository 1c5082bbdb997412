/** Passwords as scrypt hashes that name their own parameters, so that these can be raised for new ones. */
import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** 64 MiB and about a third of a second: what guessing costs whoever has stolen the hashes. */
const costs = { logN: 16, r: 8, p: 2 } as const;
const hashBytes = 32;
const saltBytes = 16;
const hashPattern =
  /^scrypt\$ln=(?<logN>\d{1,2}),r=(?<r>\d{1,2}),p=(?<p>\d{1,2})\$(?<salt>[\w-]+)\$(?<hash>[\w-]+)$/;

interface Costs {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

async function hash(password: string, salt: Buffer, { logN, r, p }: Costs): Promise<Buffer> {
  const N = 2 ** logN;
  // Two ways to type one character are one password.
  return derive(password.normalize('NFKC'), salt, hashBytes, { N, r, p, maxmem: 2 * 128 * N * r });
}

/** @returns `scrypt$ln=…,r=…,p=…$SALT$HASH` */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const { logN, r, p } = costs;
  const derived = await hash(password, salt, costs);
  return `scrypt$ln=${logN},r=${r},p=${p}$${salt.toString('base64url')}$${derived.toString('base64url')}`;
}

/** Whether a stored hash is that of the password. @throws Error where the hash has another form */
export async function isPasswordOf(password: string, stored: string): Promise<boolean> {
  const groups = hashPattern.exec(stored)?.groups;
  if (groups === undefined) throw new Error('a password hash of an unknown form');
  const { logN, r, p, salt = '', hash: expected = '' } = groups;
  const wanted = Buffer.from(expected, 'base64url');
  const given = await hash(password, Buffer.from(salt, 'base64url'), {
    logN: Number(logN),
    r: Number(r),
    p: Number(p),
  });
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
