/** Masks secrets, and parts of them, in text. */
import type { StyledRange } from './terminal-text.ts';

const replacement = '***';

interface Range {
  readonly start: number;
  readonly end: number;
}

export interface MaskedText {
  readonly text: string;
  readonly styles: readonly StyledRange[];
}

/** Number of values of a hash of six characters. */
const hashes = 65_536;
/** Six shifts move a character out of the hash. */
const hashShift = 5;
const hashBits = 0x3f_ff_ff_ff;
const hashMultiplier = 0x9e_37_79_b1;

/**
 * Minimum length of a part of a secret that is masked. Six random base64 characters are one of 69 billion combinations,
 * so other text is practically never mistaken for a part.
 */
const partLength = 6;

/** Finds parts of secrets by a rolling hash of six characters, in a few steps per character of the text. */
class PartFinder {
  readonly #parts: ReadonlySet<string>;
  readonly #isKnown = new Uint8Array(hashes);

  constructor(secrets: readonly string[]) {
    const parts = new Set<string>();
    for (const secret of secrets)
      for (let start = 0; start + partLength <= secret.length; start += 1)
        parts.add(secret.slice(start, start + partLength));
    this.#parts = parts;
    for (const part of parts) {
      let hash = 0;
      for (let index = 0; index < partLength; index += 1) hash = nextHash(hash, part.charCodeAt(index));
      this.#isKnown[slotOf(hash)] = 1;
    }
  }

  ranges(text: string): Range[] {
    const found: { start: number; end: number }[] = [];
    let hash = 0;
    for (let index = 0; index < text.length; index += 1) {
      hash = nextHash(hash, text.charCodeAt(index));
      if (this.#isKnown[slotOf(hash)] === 0) continue;
      const start = index + 1 - partLength;
      if (start < 0 || !this.#parts.has(text.slice(start, index + 1))) continue;
      const last = found.at(-1);
      if (last !== undefined && start < last.end) last.end = index + 1;
      else found.push({ start, end: index + 1 });
    }
    return found;
  }
}

function nextHash(hash: number, code: number): number {
  return ((hash << hashShift) ^ code) & hashBits;
}

function slotOf(hash: number): number {
  return Math.imul(hash, hashMultiplier) >>> 16;
}

export class SecretMask {
  readonly #whole: RegExp | undefined;
  readonly #parts: PartFinder | undefined;
  /** Length of the longest secret, in characters. */
  readonly longest: number;

  /**
   * @param secrets masked as a whole
   * @param random random secrets, of which any part of six characters or more is masked
   */
  constructor(secrets: readonly string[], random: readonly string[] = []) {
    this.longest = Math.max(0, ...[...secrets, ...random].map((secret) => secret.length));
    this.#whole =
      secrets.length === 0
        ? undefined
        : // expression-exempt: the secrets are escaped, so it has no quantifier
          new RegExp(secrets.map((secret) => RegExp.escape(secret)).join('|'), 'g');
    this.#parts = random.length === 0 ? undefined : new PartFinder(random);
  }

  apply(text: string): string {
    return this.applyStyled({ text, styles: [] }).text;
  }

  /** The masked text, with its styles moved accordingly. */
  applyStyled(styled: MaskedText): MaskedText {
    const ranges = this.#ranges(styled.text);
    return ranges.length === 0 ? styled : masked(styled, ranges);
  }

  /**
   * The masked start of a text, about `length` characters long. A secret that starts before the cut is masked
   * completely, so `text` must extend `longest` characters beyond `length`, unless it ends earlier.
   */
  applyToStart(text: string, length: number): string {
    return this.startOf({ text, styles: [] }, length).text;
  }

  /** Masks a text with styles. */
  startOf({ text, styles }: MaskedText, length: number): MaskedText {
    const ranges = this.#ranges(text.slice(0, length + this.longest)).filter(({ start }) => start < length);
    const end = Math.max(length, ranges.at(-1)?.end ?? 0);
    const within = styles
      .filter(({ start }) => start < end)
      .map((style) => ({ ...style, end: Math.min(style.end, end) }));
    return masked({ text: text.slice(0, end), styles: within }, ranges);
  }

  /** The ranges to mask, in order, without overlaps. */
  #ranges(text: string): readonly Range[] {
    const ranges = this.#parts?.ranges(text) ?? [];
    if (this.#whole === undefined) return ranges;
    for (const { 0: secret, index } of text.matchAll(this.#whole))
      ranges.push({ start: index, end: index + secret.length });
    if (this.#parts === undefined) return ranges;
    return joined(ranges.toSorted((one, other) => one.start - other.start));
  }
}

function joined(ranges: readonly Range[]): Range[] {
  const result: { start: number; end: number }[] = [];
  for (const { start, end } of ranges) {
    const last = result.at(-1);
    if (last !== undefined && start < last.end) last.end = Math.max(last.end, end);
    else result.push({ start, end });
  }
  return result;
}

/** Replaces the ranges, and moves the styles with their text. Both are in order, so each is visited once. */
function masked({ text, styles }: MaskedText, ranges: readonly Range[]): MaskedText {
  let result = '';
  let from = 0;
  for (const { start, end } of ranges) {
    result += text.slice(from, start) + replacement;
    from = end;
  }
  result += text.slice(from);
  if (styles.length === 0) return { text: result, styles };
  let place = 0;
  let shift = 0;
  /** New index of a character, or of the replacement of its range. Must be called with increasing indexes. */
  const moved = (index: number): number => {
    for (let range = ranges[place]; range !== undefined && range.end <= index; range = ranges[place]) {
      shift += replacement.length - (range.end - range.start);
      place += 1;
    }
    const range = ranges[place];
    return (range !== undefined && range.start < index ? range.start : index) + shift;
  };
  return {
    text: result,
    styles: styles
      .map((style) => ({ ...style, start: moved(style.start), end: moved(style.end) }))
      .filter(({ start, end }) => start < end),
  };
}
