/**
 * Decodes the names of zip entries. Tools on Chinese and Japanese Windows write names in the system's code page without
 * declaring it.
 */
import { isUtf8 } from 'node:buffer';
import yauzl from 'yauzl';
import { invalidArgument } from '../errors.ts';
import { quoted } from './findings.ts';

const utf8Flag = 0x800;
/** Extra field of Info-ZIP that contains the name in UTF-8. */
const unicodePathField = 0x7075;

/** Code pages that can be recognized by their bytes, with their common names. */
const codePages = [
  { label: 'gb18030', name: 'GBK', holds: isGb2312 },
  { label: 'shift_jis', name: 'Shift-JIS', holds: isShiftJis },
] as const;

function isBetween(byte: number | undefined, low: number, high: number): boolean {
  return byte !== undefined && byte >= low && byte <= high;
}

/** Whether all bytes outside ASCII form GB2312 pairs: symbols and common characters. */
function isGb2312(bytes: Buffer): boolean {
  for (let index = 0; index < bytes.length; index += 1) {
    if (isBetween(bytes[index], 0, 0x7f)) continue;
    if (!isBetween(bytes[index], 0xa1, 0xf7) || !isBetween(bytes[index + 1], 0xa1, 0xfe)) return false;
    index += 1;
  }
  return true;
}

/** Whether all bytes outside ASCII are kana or kanji in Shift-JIS. */
function isShiftJis(bytes: Buffer): boolean {
  for (let index = 0; index < bytes.length; index += 1) {
    if (isBetween(bytes[index], 0, 0x7f) || isBetween(bytes[index], 0xa1, 0xdf)) continue;
    const isLead = isBetween(bytes[index], 0x81, 0x9f) || isBetween(bytes[index], 0xe0, 0xea);
    const isTrail = isBetween(bytes[index + 1], 0x40, 0x7e) || isBetween(bytes[index + 1], 0x80, 0xfc);
    if (!isLead || !isTrail) return false;
    index += 1;
  }
  return true;
}

function hasUndeclaredEncoding(entry: yauzl.Entry): boolean {
  return (
    !isUtf8(entry.fileNameRaw) &&
    !entry.extraFields.some((field: { id: number }) => field.id === unicodePathField)
  );
}

/** The names in one zip, which all come from the same machine and so share a code page. */
export class ZipNames {
  readonly #codePage: (typeof codePages)[number] | undefined;
  /** Decoded names of entries that do not declare their encoding. */
  readonly guessed: string[] = [];

  constructor(entries: readonly yauzl.Entry[]) {
    const undeclared = entries.filter(hasUndeclaredEncoding).map(({ fileNameRaw }) => fileNameRaw);
    // A single character is not enough evidence: it could be an accented letter in another code page.
    const hasEvidence = undeclared.some((raw) => raw.filter((byte) => byte > 0x7f).length > 2);
    this.#codePage = hasEvidence ? codePages.find(({ holds }) => undeclared.every(holds)) : undefined;
  }

  /** Name of the code page that undeclared names are decoded with. */
  get codePage(): string {
    return this.#codePage?.name ?? 'the DOS code page';
  }

  /** @throws ChelaError INVALID_ARGUMENT if a name is declared as UTF-8 but is not */
  nameOf(entry: yauzl.Entry): string {
    const { fileNameRaw: raw, generalPurposeBitFlag: flags } = entry;
    if ((flags & utf8Flag) !== 0 && !isUtf8(raw)) {
      throw invalidArgument(`the zip entry ${quoted(raw.toString('latin1'))} has a name that is not UTF-8`);
    }
    if (!hasUndeclaredEncoding(entry)) {
      // Many tools write UTF-8 without setting the flag; text in other code pages is rarely valid UTF-8.
      return yauzl.getFileNameLowLevel(isUtf8(raw) ? flags | utf8Flag : flags, raw, entry.extraFields, true);
    }
    const name =
      this.#codePage === undefined
        ? yauzl.getFileNameLowLevel(flags, raw, entry.extraFields, true)
        : new TextDecoder(this.#codePage.label).decode(raw);
    this.guessed.push(name);
    return name;
  }
}
