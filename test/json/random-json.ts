/** Random JSON from a seed, so that failures can be reproduced. */

/** Numbers in [0, 1) (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const awkwardStrings = [
  '',
  'plain',
  'with "quotes"',
  'back\\slash',
  'ends in \\',
  '\\"',
  '{"not": "json"}',
  '[],:',
  'NaN and -Infinity',
  '12345678901234567890',
  'ünï ✓ 🦀',
  '\u0000\u001f\u2028',
  '\ud800',
  '__proto__',
  '__coreclaw_upsert_key',
  '0',
  '42',
  'constructor',
];

const awkwardNumbers = [
  '0',
  '-0',
  '1.00',
  '-12.5',
  '1e3',
  '1E+2',
  '9007199254740993',
  '-12345678901234567890',
  '0.1',
  '0.10000000000000000001',
  '1e400',
  '1e-400',
  '100000000000000000000000',
  '123456789012345.678901',
  '5e-324',
  '1.7976931348623157e308',
  '0e999',
  '0.000000000000000000000000000001',
];

export class RandomJson {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  #space(): string {
    return this.pick(['', '', '', ' ', '\n', '\t ', '\r\n']);
  }

  string(): string {
    return this.pick(awkwardStrings);
  }

  /** A string in one of the ways to write it. */
  stringText(value: string = this.string()): string {
    if (this.below(4) > 0) return JSON.stringify(value);
    const escaped = Array.from(
      { length: value.length },
      (_, index) => `\\u${value.charCodeAt(index).toString(16).padStart(4, '0')}`,
    );
    return `"${escaped.join('')}"`;
  }

  number(): string {
    return this.pick(awkwardNumbers);
  }

  /** The text of one value. */
  value(depth = 4): string {
    const kind = this.below(depth > 0 ? 7 : 5);
    if (kind === 0) return this.pick(['true', 'false', 'null']);
    if (kind <= 2) return this.number();
    if (kind <= 4) return this.stringText();
    if (kind === 5) return this.object(depth - 1);
    const items = Array.from({ length: this.below(4) }, () => `${this.#space()}${this.value(depth - 1)}`);
    return `[${items.join(`${this.#space()},`)}${this.#space()}]`;
  }

  /** The text of one object; a key may occur twice. */
  object(depth = 3): string {
    const members = Array.from(
      { length: this.below(6) },
      () =>
        `${this.#space()}${this.stringText()}${this.#space()}:${this.#space()}${this.value(depth)}${this.#space()}`,
    );
    return `{${members.join(',')}${this.#space()}}`;
  }
}
