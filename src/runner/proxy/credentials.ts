/** The credentials with which one subtask's worker opens its proxy. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Letters and digits only, so that workers may put it into URLs as it is. */
export interface ProxyCredentials {
  readonly user: string;
  readonly password: string;
}

export function randomCredentials(): ProxyCredentials {
  return { user: `worker-${randomBytes(4).toString('hex')}`, password: randomBytes(16).toString('hex') };
}

/** `user:password`, the value of PROXY_AUTH. */
export function credentialsText({ user, password }: ProxyCredentials): string {
  return `${user}:${password}`;
}

/** What must not be seen in a log: the password, and the form in which HTTP headers hold it. */
export function secretsOf(credentials: ProxyCredentials): string[] {
  return [credentials.password, Buffer.from(credentialsText(credentials)).toString('base64')];
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

export function areCredentials(expected: ProxyCredentials, user: string, password: string): boolean {
  return timingSafeEqual(digest(credentialsText(expected)), digest(credentialsText({ user, password })));
}
