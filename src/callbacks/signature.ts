import { createHmac, randomBytes } from 'node:crypto';

export const signatureHeader = 'x-chela-signature';

const prefix = 'chela_cs_';

/** A new callback secret: 32 random bytes as hex behind a prefix. */
export function generateCallbackSecret(): string {
  return prefix + randomBytes(32).toString('hex');
}

/**
 * The signature header's value: `t=UNIX_SECONDS,v1=HEX`, where HEX is HMAC-SHA256 over `UNIX_SECONDS.BODY` with the whole
 * secret, as text, as the key. Receivers refuse old times, so a recorded request cannot be sent again.
 */
export function signature(secret: string, sentAtSeconds: number, body: string): string {
  const hmac = createHmac('sha256', secret).update(`${sentAtSeconds}.${body}`, 'utf8').digest('hex');
  return `t=${sentAtSeconds},v1=${hmac}`;
}
