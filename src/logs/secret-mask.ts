/** Hides secrets in text. */

const replacement = '***';

export class SecretMask {
  readonly #pattern: RegExp | undefined;
  /** Length of the longest secret, in characters. */
  readonly longest: number;

  /** @param secrets of letters, digits and the signs of base64 */
  constructor(secrets: readonly string[]) {
    this.longest = Math.max(0, ...secrets.map((secret) => secret.length));
    this.#pattern =
      secrets.length === 0
        ? undefined
        : // expression-exempt: the secrets are escaped, so it has no quantifier
          new RegExp(secrets.map((secret) => RegExp.escape(secret)).join('|'), 'g');
  }

  apply(text: string): string {
    return this.#pattern === undefined ? text : text.replace(this.#pattern, replacement);
  }

  /**
   * The beginning of a text, masked, of about `length` characters: a secret that begins before its end is hidden whole. To
   * tell, `text` needs `longest` characters more than `length`, unless it ends before.
   */
  applyToStart(text: string, length: number): string {
    if (this.#pattern === undefined) return text.slice(0, length);
    for (const { 0: secret, index } of text.matchAll(this.#pattern)) {
      if (index >= length) break;
      if (index + secret.length > length) return this.apply(text.slice(0, index)) + replacement;
    }
    return this.apply(text.slice(0, length));
  }
}
