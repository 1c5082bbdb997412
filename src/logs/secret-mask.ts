/** Masks secrets in text. */

const replacement = '***';

export class SecretMask {
  readonly #pattern: RegExp | undefined;
  /** Length of the longest secret, in characters. */
  readonly longest: number;

  /** @param secrets may contain letters, digits and the characters of base64 */
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
   * The masked start of a text, about `length` characters long. A secret that starts before the cut is masked
   * completely, so `text` must extend `longest` characters beyond `length`, unless it ends earlier.
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
