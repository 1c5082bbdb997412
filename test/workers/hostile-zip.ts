/** Writes zips byte by byte, so that tests can make zips that no tool makes. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface HostileEntry {
  /** Bytes if the name is not UTF-8. */
  readonly name: string | Buffer;
  readonly data?: string | Buffer;
  /** Defaults to 8, deflate. Other methods store the data unchanged. */
  readonly method?: number;
  /** Unix mode with its type bits; 0o100644 by default. */
  readonly mode?: number;
  /** The system that made the zip: 3 is Unix, 0 is FAT. */
  readonly system?: number;
  /** General purpose bits; the one for UTF-8 names by default. */
  readonly flags?: number;
  readonly time?: number;
  readonly declaredBytes?: number;
  readonly declaredPackedBytes?: number;
  readonly crc?: number;
  /** Written instead of the packed data. */
  readonly packed?: Buffer;
  /** Index of the entry whose bytes this one points at instead of having its own. */
  readonly sharesDataOf?: number;
  /** The offset that the directory declares for the entry. */
  readonly declaredOffset?: number;
  readonly extraField?: Buffer;
}

export interface HostileOptions {
  readonly declaredCount?: number;
  readonly diskNumber?: number;
  readonly directoryOffset?: number;
  readonly zip64?: boolean;
  /** The offset that the zip64 locator points at. */
  readonly zip64RecordOffset?: bigint;
  readonly comment?: string;
}

function fields(...values: [bytes: 2 | 4 | 8, value: number | bigint][]): Buffer {
  return Buffer.concat(
    values.map(([bytes, value]) => {
      const buffer = Buffer.alloc(8);
      buffer.writeBigUInt64LE(BigInt(value));
      return buffer.subarray(0, bytes);
    }),
  );
}

function nameOf(entry: HostileEntry): Buffer {
  return Buffer.from(entry.name as string);
}

function packed(entry: HostileEntry): {
  flags: number;
  method: number;
  crc: number;
  size: number;
  data: Buffer;
} {
  const plain = Buffer.from((entry.data ?? '') as string);
  const method = entry.method ?? 8;
  const data = entry.packed ?? (method === 8 ? deflateRawSync(plain) : plain);
  return {
    flags: entry.flags ?? 0x800,
    method,
    crc: entry.crc ?? crc32(plain),
    size: entry.declaredBytes ?? plain.length,
    data,
  };
}

function common(entry: HostileEntry): Buffer {
  const { flags, method, crc, size, data } = packed(entry);
  const name = nameOf(entry);
  return Buffer.concat([
    fields([2, 20], [2, flags], [2, method], [4, entry.time ?? 0x21_0000], [4, crc]),
    fields([4, entry.declaredPackedBytes ?? data.length], [4, size], [2, name.length]),
  ]);
}

/** @returns the bytes of a zip with these entries, valid unless an option says otherwise */
export function hostileZip(entries: readonly HostileEntry[], options: HostileOptions = {}): Buffer {
  const parts: Buffer[] = [];
  const offsets: number[] = [];
  let position = 0;
  function write(...buffers: Buffer[]): void {
    parts.push(...buffers);
    for (const buffer of buffers) position += buffer.length;
  }
  for (const entry of entries) {
    offsets.push(entry.sharesDataOf === undefined ? position : (offsets[entry.sharesDataOf] ?? 0));
    if (entry.sharesDataOf !== undefined) continue;
    write(fields([4, 0x04034b50]), common(entry), fields([2, 0]), nameOf(entry), packed(entry).data);
  }
  const directoryStart = position;
  for (const [index, entry] of entries.entries()) {
    const attributes = ((entry.mode ?? 0o100644) * 0x10000) % 0x1_0000_0000;
    const extra = entry.extraField ?? Buffer.alloc(0);
    write(
      fields([4, 0x02014b50], [2, ((entry.system ?? 3) << 8) | 63]),
      common(entry),
      fields([2, extra.length], [2, 0], [2, 0], [2, 0], [4, attributes]),
      fields([4, entry.declaredOffset ?? offsets[index] ?? 0]),
      nameOf(entry),
      extra,
    );
  }
  const directoryBytes = position - directoryStart;
  const count = options.declaredCount ?? entries.length;
  const directoryOffset = options.directoryOffset ?? directoryStart;
  if (options.zip64 ?? options.zip64RecordOffset !== undefined) {
    const recordOffset = options.zip64RecordOffset ?? BigInt(position);
    write(
      fields([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, count], [8, count]),
      fields([8, directoryBytes], [8, directoryOffset]),
      fields([4, 0x07064b50], [4, 0], [8, recordOffset], [4, 1]),
    );
  }
  const comment = Buffer.from(options.comment ?? '');
  write(
    fields([4, 0x06054b50], [2, options.diskNumber ?? 0], [2, 0], [2, count % 0x10000], [2, count % 0x10000]),
    fields([4, directoryBytes], [4, directoryOffset], [2, comment.length]),
    comment,
  );
  return Buffer.concat(parts);
}
