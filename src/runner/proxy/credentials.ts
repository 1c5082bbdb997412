/** The credentials that one subtask's worker needs for its proxy. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Letters and digits only, so that workers can put it into URLs without encoding. */
export interface ProxyCredentials {
  readonly user: string;
  readonly password: string;
}

/**
 * 32 letters and digits. Their large alphabet makes it improbable that other text contains a part of a password, which
 * logs mask.
 */
function randomLetters(): string {
  return randomBytes(48).toString('base64').replaceAll(/[+/]/g, '').padEnd(32, '0').slice(0, 32);
}

export function randomCredentials(): ProxyCredentials {
  return { user: `worker-${randomBytes(4).toString('hex')}`, password: randomLetters() };
}

/** `user:password`, the value of PROXY_AUTH. */
export function credentialsText({ user, password }: ProxyCredentials): string {
  return `${user}:${password}`;
}

interface ProxySecrets {
  /** Masked as a whole. */
  readonly whole: readonly string[];
  /** Random texts of which parts are masked too. */
  readonly random: readonly string[];
}

/** What logs must not show: the password, and its base64 form in HTTP headers. */
export function secretsOf(credentials: ProxyCredentials): ProxySecrets {
  const header = Buffer.from(credentialsText(credentials)).toString('base64');
  // Three bytes are four characters of base64. The user name before the password is not secret.
  const passwordStart = Math.floor((credentials.user.length + 1) / 3) * 4;
  return { whole: [header], random: [credentials.password, header.slice(passwordStart)] };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

export function areCredentials(expected: ProxyCredentials, user: string, password: string): boolean {
  return timingSafeEqual(digest(credentialsText(expected)), digest(credentialsText({ user, password })));
}
