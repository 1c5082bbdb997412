/** Decodes text files as common tools write them. */

function encodingOf(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
}

/**
 * Decodes UTF-8, or UTF-16 if a byte order mark says so, as PowerShell writes it. The mark stays.
 * @param options.lenient replaces what cannot be decoded
 * @throws TypeError if the bytes are not valid text
 */
export function decodeText(bytes: Uint8Array, { lenient = false }: { lenient?: boolean } = {}): string {
  return new TextDecoder(encodingOf(bytes), { fatal: !lenient, ignoreBOM: true }).decode(bytes);
}

/** @returns the text without a leading byte order mark */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}
