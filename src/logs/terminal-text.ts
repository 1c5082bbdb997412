/**
 * Parses text that programs print for a terminal: removes control sequences, and keeps the colors as ranges of the
 * plain text, in linear time.
 */
import { type TerminalColor, terminalColors } from './terminal-colors.ts';

interface TextStyle {
  readonly color?: TerminalColor;
  readonly background?: TerminalColor;
  readonly bold?: true;
  readonly dim?: true;
  readonly italic?: true;
  readonly underline?: true;
}

/** The style of a part of a text, from index `start` to before `end`, in UTF-16 code units. */
export interface StyledRange extends TextStyle {
  readonly start: number;
  readonly end: number;
}

export interface TerminalText {
  /** Without control characters except tabs and line feeds. */
  readonly text: string;
  /** In order, without overlaps; at most 200. */
  readonly styles: readonly StyledRange[];
  /** The style at the end of the text, which applies to the next text. */
  readonly style: TextStyle;
}

const maxStyles = 200;
const maxParameters = 32;

export const plainStyle: TextStyle = {};

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const control = /[\0-\u0008\u000B-\u001F\u007F-\u009F]/g;

const escape = 0x1b;
const bell = 0x07;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const stringTerminator = 0x9c;
/** Single characters that are equivalent to ESC and `[`, `]`, `P`, `X`, `^` or `_`. */
const controlSequence = 0x9b;
const stringStarts = new Set([0x90, 0x98, 0x9d, 0x9e, 0x9f]);
const firstSingle = 0x80;
const lastSingle = 0x9f;
const toSingle = 0x40;

function isBetween(code: number, first: number, last: number): boolean {
  return code >= first && code <= last;
}

/** The nearest of the nine colors. */
function nearestColor(red: number, green: number, blue: number): TerminalColor {
  const high = Math.max(red, green, blue);
  const low = Math.min(red, green, blue);
  if (high - low < 40) return high < 64 ? 'black' : high < 192 ? 'gray' : 'white';
  const middle = (high + low) / 2;
  const index = (red > middle ? 1 : 0) + (green > middle ? 2 : 0) + (blue > middle ? 4 : 0);
  return terminalColors[index] ?? 'white';
}

/** A color of the 256-color palette: 16 named ones, a cube of 6 × 6 × 6, and 24 grays. */
function paletteColor(index: number): TerminalColor {
  if (index === 8) return 'gray';
  if (index < 16) return terminalColors[index % 8] ?? 'white';
  if (index >= 232)
    return nearestColor((index - 232) * 10 + 8, (index - 232) * 10 + 8, (index - 232) * 10 + 8);
  const place = index - 16;
  return nearestColor(Math.floor(place / 36) * 51, (Math.floor(place / 6) % 6) * 51, (place % 6) * 51);
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** @returns the color that follows 38 or 48, and the number of its parameters */
function extendedColor(parameters: readonly number[]): { color: TerminalColor | undefined; length: number } {
  const [kind, first = 0, second = 0, third = 0] = parameters;
  if (kind === 5) return { color: first < 256 ? paletteColor(first) : undefined, length: 2 };
  if (kind === 2) return { color: nearestColor(first, second, third), length: 4 };
  return { color: undefined, length: parameters.length };
}

const attributes = { 1: 'bold', 2: 'dim', 3: 'italic', 4: 'underline' } as const;
const endedAttributes: Readonly<Record<number, readonly ('bold' | 'dim' | 'italic' | 'underline')[]>> = {
  22: ['bold', 'dim'],
  23: ['italic'],
  24: ['underline'],
};

/** The style after `ESC [ … m`. Other parameters than colors and weights are ignored. */
function styleAfter(style: TextStyle, parameters: readonly number[]): TextStyle {
  let next: Mutable<TextStyle> = { ...style };
  const set = (key: 'color' | 'background', color: TerminalColor | undefined): void => {
    if (color === undefined) delete next[key];
    else next[key] = color;
  };
  for (let place = 0; place < parameters.length; place += 1) {
    const code = parameters[place] ?? 0;
    if (code === 0) next = {};
    else if (isBetween(code, 1, 4)) next[attributes[code as keyof typeof attributes]] = true;
    else if (isBetween(code, 22, 24)) for (const key of endedAttributes[code] ?? []) delete next[key];
    else if (code === 39) set('color', undefined);
    else if (code === 49) set('background', undefined);
    else if (code === 38 || code === 48) {
      const { color, length } = extendedColor(parameters.slice(place + 1));
      set(code === 38 ? 'color' : 'background', color);
      place += length;
    } else if (isBetween(code, 30, 37)) set('color', terminalColors[code - 30]);
    else if (isBetween(code, 40, 47)) set('background', terminalColors[code - 40]);
    else if (isBetween(code, 90, 97)) set('color', paletteColor(code - 90 + 8));
    else if (isBetween(code, 100, 107)) set('background', paletteColor(code - 100 + 8));
  }
  return next;
}

/** @returns index of the first control character at or after `from`; -1 if there is none */
function nextControl(text: string, from: number): number {
  control.lastIndex = from;
  return control.exec(text)?.index ?? -1;
}

class TerminalReader {
  readonly #raw: string;
  readonly #styles: StyledRange[] = [];
  #style: TextStyle;
  #styledFrom = 0;
  #text = '';
  /** Whether a search has found no string terminator in the rest of the text. */
  #hasNoEnd = false;

  constructor(raw: string, style: TextStyle) {
    this.#raw = raw;
    this.#style = style;
  }

  read(): TerminalText {
    const raw = this.#raw;
    let kept = 0;
    for (let index = nextControl(raw, 0); index !== -1; index = nextControl(raw, kept)) {
      this.#text += raw.slice(kept, index);
      kept = this.#readControl(index);
    }
    this.#text += raw.slice(kept);
    this.#endRange();
    return { text: this.#text, styles: this.#styles, style: this.#style };
  }

  /** @returns index after the control character or sequence at `index` */
  #readControl(index: number): number {
    const code = this.#raw.charCodeAt(index);
    if (code === escape) return this.#readEscape(index);
    if (isBetween(code, firstSingle, lastSingle)) {
      const end = this.#readSequence(code, index + 1);
      if (end === undefined) this.#text += '\uFFFD';
      return end ?? index + 1;
    }
    if (code === 0) this.#text += '\0';
    if (code === carriageReturn && this.#raw.charCodeAt(index + 1) !== lineFeed) this.#text += '\n';
    return index + 1;
  }

  #readEscape(index: number): number {
    const code = this.#raw.charCodeAt(index + 1);
    // ESC and a letter stand for one character.
    const end = isBetween(code, 0x40, 0x5f) ? this.#readSequence(code + toSingle, index + 2) : undefined;
    if (end !== undefined) return end;
    // Such as `ESC ( B`, which chooses a character set.
    if (isBetween(code, 0x20, 0x2f))
      return index + (isBetween(this.#raw.charCodeAt(index + 2), 0x30, 0x7e) ? 3 : 2);
    return index + (isBetween(code, 0x30, 0x7e) ? 2 : 1);
  }

  /** @returns index after the sequence whose introducer ends before `start`; undefined if there is none */
  #readSequence(introducer: number, start: number): number | undefined {
    if (introducer === controlSequence) return this.#readControlSequence(start);
    return stringStarts.has(introducer) ? this.#endOfString(start) : undefined;
  }

  #readControlSequence(start: number): number {
    const raw = this.#raw;
    let end = start;
    while (isBetween(raw.charCodeAt(end), 0x20, 0x3f)) end += 1;
    if (!isBetween(raw.charCodeAt(end), 0x40, 0x7e)) return start;
    if (raw.charAt(end) === 'm') this.#setStyle(raw.slice(start, end));
    return end + 1;
  }

  /** Skips titles, links and similar strings. For a string without an end, only the introducer is removed. */
  #endOfString(start: number): number {
    if (this.#hasNoEnd) return start;
    const raw = this.#raw;
    for (let index = start; index < raw.length; index += 1) {
      const code = raw.charCodeAt(index);
      if (code === bell || code === stringTerminator) return index + 1;
      if (code === escape) return raw.charAt(index + 1) === '\\' ? index + 2 : index;
    }
    this.#hasNoEnd = true;
    return start;
  }

  #setStyle(parameters: string): void {
    const codes = parameters
      .slice(0, maxParameters * 4)
      .replaceAll(':', ';')
      .split(';', maxParameters)
      .map((code) => (code === '' ? 0 : Number(code)));
    if (codes.some((code) => !Number.isInteger(code))) return;
    this.#endRange();
    this.#style = styleAfter(this.#style, codes);
  }

  #endRange(): void {
    const start = this.#styledFrom;
    const end = this.#text.length;
    this.#styledFrom = end;
    if (start === end || this.#styles.length === maxStyles) return;
    if (Object.keys(this.#style).length > 0) this.#styles.push({ start, end, ...this.#style });
  }
}

/** @param style the style at the beginning */
export function readTerminalText(raw: string, style: TextStyle = plainStyle): TerminalText {
  if (style === plainStyle && nextControl(raw, 0) === -1) return { text: raw, styles: [], style };
  const read = new TerminalReader(raw, style).read();
  return Object.keys(read.style).length === 0 ? { ...read, style: plainStyle } : read;
}

/** A text without control sequences. */
export function plainText(raw: string): string {
  return readTerminalText(raw).text;
}

/** A line as a terminal would show it after carriage returns have overwritten text, without colors. */
export function shownLine(line: string): string {
  const end = line.trimEnd();
  return plainText(end.slice(end.lastIndexOf('\r') + 1)).trimEnd();
}
