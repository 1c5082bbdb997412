/**
 * All rows of a run as a stream, by PostgreSQL's COPY. What is read waits in the socket until it is asked for, so memory
 * stays flat whatever the rows' number and size; and each statement takes a range of row numbers, so that a long export
 * holds no old snapshot of the database.
 */
import type { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { RunReference } from '../runs/runs.ts';

const rowsPerStatement = 20_000;

/** COPY's binary format: signature, flags and the length of an extension; then for each row the number of fields. */
const fixedHeaderBytes = 19;
const fieldCountBytes = 2;
const fieldLengthBytes = 4;
const endOfRows = -1;

/** Pieces of a stream, of which the first `size` bytes can be taken once they are there. */
class PieceBuffer {
  readonly #pieces: Buffer[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  /** Everything in one buffer. */
  joined(): Buffer {
    const [first] = this.#pieces;
    if (this.#pieces.length === 1 && first !== undefined) return first;
    const whole = Buffer.concat(this.#pieces);
    this.#pieces.splice(0, this.#pieces.length, whole);
    return whole;
  }

  /** Keeps what comes after the first `size` bytes. */
  drop(size: number): void {
    const rest = this.joined().subarray(size);
    this.#pieces.splice(0, this.#pieces.length, rest);
    this.#length = rest.length;
  }
}

/** The one field of each row of a COPY in the binary format, in batches as they arrive. */
async function* readFields(stream: AsyncIterable<Buffer>): AsyncGenerator<string[]> {
  const buffer = new PieceBuffer();
  let isHeaderRead = false;
  /** Bytes that have to be there before it is worth looking: a long field is put together once. */
  let needed = fixedHeaderBytes;
  for await (const piece of stream) {
    buffer.add(piece);
    if (buffer.length < needed) continue;
    const bytes = buffer.joined();
    let position = isHeaderRead ? 0 : fixedHeaderBytes;
    isHeaderRead = true;
    const fields: string[] = [];
    const prefixBytes = fieldCountBytes + fieldLengthBytes;
    for (;;) {
      needed = prefixBytes;
      if (bytes.length - position < fieldCountBytes) break;
      if (bytes.readInt16BE(position) === endOfRows) {
        needed = fieldCountBytes;
        break;
      }
      if (bytes.length - position < prefixBytes) break;
      const start = position + prefixBytes;
      const end = start + bytes.readInt32BE(position + fieldCountBytes);
      needed = end - position;
      if (bytes.length < end) break;
      fields.push(bytes.toString('utf8', start, end));
      position = end;
    }
    buffer.drop(position);
    if (fields.length > 0) yield fields;
  }
}

/**
 * The first `rowCount` rows of a run as JSON text, in the order of first arrival.
 * @param client a connection that does nothing else meanwhile
 */
export async function* streamRows(
  client: Client,
  run: RunReference,
  rowCount: number,
): AsyncGenerator<string[]> {
  if (!/^\d{4}-\d\d-\d\d$/.test(run.day) || !Number.isSafeInteger(run.id)) throw new Error('no run to read');
  for (let first = 0; first < rowCount; first += rowsPerStatement) {
    const end = Math.min(first + rowsPerStatement, rowCount);
    // COPY takes no parameters.
    const statement = `COPY (SELECT data FROM result_row
      WHERE day = '${run.day}' AND run_id = ${run.id} AND number >= ${first} AND number < ${end} ORDER BY number)
      TO STDOUT (FORMAT binary)`;
    yield* readFields(client.query(copyTo(statement)));
  }
}
