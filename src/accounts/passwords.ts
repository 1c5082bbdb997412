/** Hashes passwords with scrypt. Each hash contains its parameters, so that new hashes can use stronger ones. */
import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

interface Costs {
  logN: number;
  readonly r: number;
  readonly p: number;
}

/**
 * Of hashes to come. 64 MiB and about a third of a second: the cost of each guess for somebody who stole the hashes. Tests
 * lower it, because their passwords protect nothing.
 */
export const costs: Costs = { logN: 16, r: 8, p: 2 };
const hashBytes = 32;
const saltBytes = 16;
const hashPattern =
  /^scrypt\$ln=(?<logN>\d{1,2}),r=(?<r>\d{1,2}),p=(?<p>\d{1,2})\$(?<salt>[\w-]+)\$(?<hash>[\w-]+)$/;

async function hash(password: string, salt: Buffer, { logN, r, p }: Readonly<Costs>): Promise<Buffer> {
  const N = 2 ** logN;
  // The same password may arrive in different Unicode forms.
  return derive(password.normalize('NFKC'), salt, hashBytes, { N, r, p, maxmem: 2 * 128 * N * r });
}

/** @returns `scrypt$ln=…,r=…,p=…$SALT$HASH` */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const { logN, r, p } = costs;
  const derived = await hash(password, salt, costs);
  return `scrypt$ln=${logN},r=${r},p=${p}$${salt.toString('base64url')}$${derived.toString('base64url')}`;
}

/** Whether a password matches a stored hash. @throws Error if the hash is malformed */
export async function isPasswordOf(password: string, stored: string): Promise<boolean> {
  const groups = hashPattern.exec(stored)?.groups;
  if (groups === undefined) throw new Error('password hash of an unknown format');
  const { logN, r, p, salt = '', hash: expected = '' } = groups;
  const wanted = Buffer.from(expected, 'base64url');
  const given = await hash(password, Buffer.from(salt, 'base64url'), {
    logN: Number(logN),
    r: Number(r),
    p: Number(p),
  });
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
