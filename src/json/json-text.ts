/**
 * Works on JSON text without parsing it into values: checks for what it must not contain, and splits objects into
 * members whose values keep their exact text. All functions except `inspectJson` and `nonFiniteAsNull` expect valid
 * JSON.
 */

/** Maximum nesting of arrays and objects, so that recursive functions cannot overflow the stack. */
export const depthLimit = 200;

/** Integers with up to this many digits and decimals survive a round trip through a JS number. */
const safeDigits = 15;

const code = {
  quote: 0x22,
  plus: 0x2b,
  comma: 0x2c,
  minus: 0x2d,
  dot: 0x2e,
  zero: 0x30,
  nine: 0x39,
  upperE: 0x45,
  upperI: 0x49,
  upperN: 0x4e,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
  lowerE: 0x65,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const;

/**
 * @returns index of the closing quote of the string that starts at `start`, or the text's length if it is not closed
 */
export function endOfString(text: string, start: number): number {
  let from = start + 1;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote === -1) return text.length;
    let backslash = quote - 1;
    while (backslash >= from && text.charCodeAt(backslash) === code.backslash) backslash -= 1;
    if ((quote - backslash) % 2 === 1) return quote;
    from = quote + 1;
  }
}

function isDigit(character: number): boolean {
  return character >= code.zero && character <= code.nine;
}

/** @returns significant digits and exponent of the last one, so that equal values give equal texts */
function canonicalNumber(text: string): string {
  const [mantissa = '', exponent = '0'] = text.replace(/^-/, '').split(/e/i);
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = whole + fraction;
  let start = 0;
  while (digits[start] === '0') start += 1;
  if (start === digits.length) return '0';
  // A pattern such as /0+$/ takes quadratic time on long runs of zeros.
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  return `${digits.slice(start, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}

/** Whether a number in JSON text would change its value in a round trip through a JS number. */
export function isLossyNumber(text: string): boolean {
  const printed = String(Number(text));
  return printed !== text && canonicalNumber(printed) !== canonicalNumber(text);
}

export interface JsonInspection {
  /** Nested deeper than `depthLimit`; the rest of the text was not inspected. */
  readonly isTooDeep: boolean;
  readonly hasLossyNumber: boolean;
  /** Outside strings it has letters that Python's `NaN` and `Infinity` start with and JSON does not use. */
  readonly hasNonFinite: boolean;
}

/** Inspects text, which may be invalid JSON, in one pass; several times faster than parsing. */
export function inspectJson(text: string): JsonInspection {
  let depth = 0;
  let hasLossyNumber = false;
  let hasNonFinite = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (character === code.quote) {
      index = endOfString(text, index);
    } else if (character === code.openBrace || character === code.openBracket) {
      depth += 1;
      if (depth > depthLimit) return { isTooDeep: true, hasLossyNumber, hasNonFinite };
    } else if (character === code.closeBrace || character === code.closeBracket) {
      depth -= 1;
    } else if (isDigit(character)) {
      const end = endOfNumber(text, index);
      if (end.hasExponent || end.index - index > safeDigits) {
        hasLossyNumber ||= isLossyNumber(text.slice(index, end.index));
      }
      index = end.index - 1;
    } else if (character === code.upperN || character === code.upperI) {
      hasNonFinite = true;
    }
  }
  return { isTooDeep: false, hasLossyNumber, hasNonFinite };
}

/** @returns index after the number whose first digit is at `start` */
function endOfNumber(text: string, start: number): { index: number; hasExponent: boolean } {
  let index = start + 1;
  let hasExponent = false;
  for (; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (isDigit(character) || character === code.dot) continue;
    if (character === code.lowerE || character === code.upperE) {
      hasExponent = true;
    } else if (!hasExponent || (character !== code.plus && character !== code.minus)) {
      break;
    }
  }
  return { index, hasExponent };
}

/** @returns length of the `NaN` or `Infinity` at `index`; 0 if there is none */
function nonFiniteLength(text: string, index: number): number {
  if (text.startsWith('NaN', index)) return 3;
  return text.startsWith('Infinity', index) ? 8 : 0;
}

/** Replaces Python's `NaN`, `Infinity` and `-Infinity` outside strings with `null`. */
export function nonFiniteAsNull(text: string): string {
  let finite = '';
  let copied = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (character === code.quote) index = endOfString(text, index);
    if (character !== code.upperN && character !== code.upperI) continue;
    const length = nonFiniteLength(text, index);
    if (length === 0) continue;
    const hasMinus = length === 8 && index > copied && text.charCodeAt(index - 1) === code.minus;
    finite += `${text.slice(copied, hasMinus ? index - 1 : index)}null`;
    copied = index + length;
    index = copied - 1;
  }
  return finite + text.slice(copied);
}

function isSpace(character: number): boolean {
  return character <= 0x20;
}

/** @returns index after the value that starts at `start` */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let index = start; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (character === code.quote) {
      index = endOfString(text, index);
      if (depth === 0) return index + 1;
    } else if (character === code.openBrace || character === code.openBracket) {
      depth += 1;
    } else if (character === code.closeBrace || character === code.closeBracket) {
      if (depth === 0) return index;
      depth -= 1;
      if (depth === 0) return index + 1;
    } else if (depth === 0 && (character === code.comma || isSpace(character))) {
      return index;
    }
  }
  return text.length;
}

/**
 * The members of an object: decoded keys in their written order (a JS object puts integer-like keys first), with the
 * text of each value. If a key is repeated, the last member counts.
 * @param text a valid JSON object
 */
export function readMembers(text: string): Map<string, string> {
  const members = new Map<string, string>();
  let index = text.indexOf('{') + 1;
  for (;;) {
    const keyStart = text.indexOf('"', index);
    if (keyStart === -1) return members;
    const keyEnd = endOfString(text, keyStart);
    const plainKey = text.slice(keyStart + 1, keyEnd);
    const key = plainKey.includes('\\') ? (JSON.parse(`"${plainKey}"`) as string) : plainKey;
    let valueStart = text.indexOf(':', keyEnd) + 1;
    while (isSpace(text.charCodeAt(valueStart))) valueStart += 1;
    index = endOfValue(text, valueStart);
    members.set(key, text.slice(valueStart, index));
  }
}

/** The inverse of `readMembers`. */
export function writeMembers(members: ReadonlyMap<string, string>): string {
  return `{${Array.from(members, ([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
}

/** An escape in JSON text: a pair of surrogates, a lone one (6 characters), or any other. */
const escapes =
  /\\(?:u[dD][89abAB][\dA-Fa-f]{2}\\u[dD][c-fC-F][\dA-Fa-f]{2}|u[dD][89a-fA-F][\dA-Fa-f]{2}|[^])/g;
const loneSurrogateLength = 6;

/** Replaces escapes of lone surrogates with that of U+FFFD. They are not characters, and many programs refuse them. */
export function withoutLoneSurrogates(text: string): string {
  if (!/\\u[dD][89a-fA-F]/.test(text)) return text;
  return text.replaceAll(escapes, (escape) => (escape.length === loneSurrogateLength ? '\\ufffd' : escape));
}
