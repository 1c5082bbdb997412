import { createHmac, randomBytes } from 'node:crypto';

export const signatureHeader = 'x-chela-signature';

const prefix = 'chela_cs_';

/** A new callback secret: a prefix and 32 random bytes in hex. */
export function generateCallbackSecret(): string {
  return prefix + randomBytes(32).toString('hex');
}

/**
 * The value of the signature header: `t=UNIX_SECONDS,v1=HEX`. HEX is the HMAC-SHA256 of `UNIX_SECONDS.BODY`, with the
 * complete text of the secret as the key. Receivers refuse old times, so a recorded request cannot be replayed.
 */
export function signature(secret: string, sentAtSeconds: number, body: string): string {
  const hmac = createHmac('sha256', secret).update(`${sentAtSeconds}.${body}`, 'utf8').digest('hex');
  return `t=${sentAtSeconds},v1=${hmac}`;
}
