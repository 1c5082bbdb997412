/** Writes records of an Excel 97 workbook (BIFF8, MS-XLS) with one sheet. */

/** Maximum size of a record; longer ones continue in CONTINUE records. */
const recordLimit = 8224;
const chunkBytes = 256 * 1024;

const record = {
  eof: 0x0a,
  dateMode: 0x22,
  font: 0x31,
  continue: 0x3c,
  window1: 0x3d,
  pane: 0x41,
  codePage: 0x42,
  boundSheet: 0x85,
  xf: 0xe0,
  sharedStrings: 0xfc,
  labelShared: 0xfd,
  dimensions: 0x200,
  number: 0x203,
  boolean: 0x205,
  window2: 0x23e,
  style: 0x293,
  bof: 0x809,
} as const;

/** Types of substreams, as in their first record. */
const substream = { globals: 0x0005, sheet: 0x0010 } as const;

/** Indexes of cell formats. The first 15 are reserved for styles. */
export const cellFormat = { plain: 15, heading: 16, quoted: 17 } as const;

/** A growing buffer of little-endian integers and text, in chunks of a fixed size. */
class GrowingBytes {
  readonly #full: Buffer[] = [];
  #chunk = Buffer.allocUnsafe(chunkBytes);
  #used = 0;

  /** `size` contiguous bytes. */
  take(size: number): Buffer {
    if (this.#used + size > this.#chunk.length) {
      this.#full.push(this.#chunk.subarray(0, this.#used));
      this.#chunk = Buffer.allocUnsafe(Math.max(chunkBytes, size));
      this.#used = 0;
    }
    this.#used += size;
    return this.#chunk.subarray(this.#used - size, this.#used);
  }

  chunks(): Buffer[] {
    return [...this.#full, this.#chunk.subarray(0, this.#used)];
  }
}

function u16(...values: number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16LE(value, index * 2);
  return bytes;
}

function u32(...values: number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}

function recordOf(type: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([u16(type, body.length), body]);
}

/** A text with its length in one byte. */
function shortText(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length, 0]), Buffer.from(text, 'latin1')]);
}

/** Whether every character fits into one byte. */
function isNarrow(text: string): boolean {
  return !/[^\0-\xff]/.test(text);
}

/** The part of a well-formed text from `start` to `end`, or one unit less if `end` would split a surrogate pair. */
function wholeCharacters(text: string, start: number, end: number): string {
  const part = text.slice(start, end);
  return part.isWellFormed() ? part : part.slice(0, -1);
}

/** Number of recent short texts that are checked for repetition, which keeps memory constant. */
const rememberedTexts = 50_000;
const rememberedLength = 64;

/** A copy of the text: a slice of a longer string would keep all of it in memory. */
function detached(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}

/** The shared string table. Repeated texts are stored once. */
class SharedStrings {
  readonly #remembered = new Map<string, number>();
  #count = 0;
  /** Bodies of the records; the two counts of the first one are added at the end. */
  readonly #bodies: Buffer[] = [];
  #body = Buffer.allocUnsafe(recordLimit);
  /** The two counts take 8 bytes. */
  #used = 8;
  #references = 0;

  /** @returns index of the text in the table */
  place(text: string): number {
    this.#references += 1;
    const isShort = text.length <= rememberedLength;
    const known = isShort ? this.#remembered.get(text) : undefined;
    if (known !== undefined) return known;
    const place = this.#count;
    this.#count += 1;
    if (isShort && this.#remembered.size < rememberedTexts) this.#remembered.set(detached(text), place);
    this.#append(text.toWellFormed());
    return place;
  }

  #nextBody(): void {
    this.#bodies.push(Buffer.from(this.#body.subarray(0, this.#used)));
    this.#used = 0;
  }

  /**
   * The length and flags of a text must not be split. Its characters may continue in the next record, after new flags.
   * A surrogate pair is never split between records, because some readers decode each record separately.
   */
  #append(text: string): void {
    const width = isNarrow(text) ? 1 : 2;
    if (this.#used + 3 > recordLimit) this.#nextBody();
    this.#used = this.#body.writeUInt16LE(text.length, this.#used);
    this.#used = this.#body.writeUInt8(width - 1, this.#used);
    let written = 0;
    for (;;) {
      const room = Math.floor((recordLimit - this.#used) / width);
      const part = wholeCharacters(text, written, Math.min(text.length, written + room));
      this.#used += this.#body.write(part, this.#used, width === 1 ? 'latin1' : 'utf16le');
      written += part.length;
      if (written === text.length) return;
      this.#nextBody();
      this.#used = this.#body.writeUInt8(width - 1, 0);
    }
  }

  records(): Buffer[] {
    this.#nextBody();
    const [first, ...more] = this.#bodies;
    if (first === undefined) throw new Error('the table of texts has no record');
    first.writeUInt32LE(this.#references, 0);
    first.writeUInt32LE(this.#count, 4);
    return [recordOf(record.sharedStrings, first), ...more.map((body) => recordOf(record.continue, body))];
  }
}

function beginning(kind: number): Buffer {
  // Version and build number of Excel that all writers use.
  return recordOf(record.bof, u16(0x0600, kind, 0x0dbb, 0x07cc), u32(0x41, 0x06));
}

const ending = recordOf(record.eof);

function font(weight: number): Buffer {
  const elevenPoints = 220;
  const systemColour = 0x7fff;
  return recordOf(
    record.font,
    u16(elevenPoints, 0, systemColour, weight, 0),
    Buffer.alloc(4),
    shortText('Calibri'),
  );
}

/** @param flags 1 locked, 4 style, 8 quoted; the parent style is in the upper twelve bits */
function cellFormatRecord(fontPlace: number, flags: number, ownAttributes: number): Buffer {
  const alignedAtBottom = 0x20;
  return recordOf(
    record.xf,
    u16(fontPlace, 0, flags),
    Buffer.from([alignedAtBottom, 0, 0, ownAttributes]),
    u32(0, 0),
    u16(0x20c0),
  );
}

function lengthOf(parts: readonly Buffer[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

function globals(sheetName: string, strings: SharedStrings): Buffer[] {
  const normal = font(400);
  const bold = font(700);
  const styleFormat = cellFormatRecord(0, 0xfff5, 0xf4);
  const beforeSheet = [
    beginning(substream.globals),
    recordOf(record.codePage, u16(1200)),
    recordOf(record.window1, u16(0, 0, 0x4000, 0x2000, 0x38, 0, 0, 1, 600)),
    recordOf(record.dateMode, u16(0)),
    normal,
    bold,
    normal,
    normal,
    ...Array.from({ length: cellFormat.plain }, () => styleFormat),
    cellFormatRecord(0, 0x01, 0),
    cellFormatRecord(1, 0x09, 0x08),
    cellFormatRecord(0, 0x09, 0),
    recordOf(record.style, u16(0x8000), Buffer.from([0, 0xff])),
  ];
  const afterSheet = [...strings.records(), ending];
  const name = shortText(sheetName);
  const boundSheet = (position: number) =>
    recordOf(record.boundSheet, u32(position), Buffer.from([0, 0]), name);
  const position = lengthOf(beforeSheet) + boundSheet(0).length + lengthOf(afterSheet);
  return [...beforeSheet, boundSheet(position), ...afterSheet];
}

/** One sheet, filled from the top left in row order; rows and columns are 0-based. */
export class Biff8Sheet {
  readonly #strings = new SharedStrings();
  readonly #cells = new GrowingBytes();
  #rowCount = 0;
  #columnCount = 0;

  #cell(type: number, row: number, column: number, format: number, size: number): Buffer {
    this.#rowCount = Math.max(this.#rowCount, row + 1);
    this.#columnCount = Math.max(this.#columnCount, column + 1);
    const bytes = this.#cells.take(10 + size);
    bytes.writeUInt16LE(type, 0);
    bytes.writeUInt16LE(6 + size, 2);
    bytes.writeUInt16LE(row, 4);
    bytes.writeUInt16LE(column, 6);
    bytes.writeUInt16LE(format, 8);
    return bytes;
  }

  addNumber(row: number, column: number, value: number): void {
    this.#cell(record.number, row, column, cellFormat.plain, 8).writeDoubleLE(value, 10);
  }

  addBoolean(row: number, column: number, value: boolean): void {
    const bytes = this.#cell(record.boolean, row, column, cellFormat.plain, 2);
    bytes.writeUInt8(value ? 1 : 0, 10);
    bytes.writeUInt8(0, 11);
  }

  /** @param text at most 32,767 UTF-16 units */
  addText(row: number, column: number, text: string, format: number): void {
    const place = this.#strings.place(text);
    this.#cell(record.labelShared, row, column, format, 4).writeUInt32LE(place, 10);
  }

  /** The workbook stream, with the first row frozen. @param name of the sheet, at most 31 Latin letters */
  workbook(name: string): Buffer {
    const gridHeadingsFrozen = 0x07be;
    return Buffer.concat([
      ...globals(name, this.#strings),
      beginning(substream.sheet),
      recordOf(record.dimensions, u32(0, this.#rowCount), u16(0, this.#columnCount, 0)),
      ...this.#cells.chunks(),
      recordOf(record.window2, u16(gridHeadingsFrozen, 0, 0, 0x40, 0, 0, 0), u32(0)),
      recordOf(record.pane, u16(0, 1, 1, 0, 2)),
      ending,
    ]);
  }
}
