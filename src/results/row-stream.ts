/**
 * Streams all rows of a run with PostgreSQL's COPY. Unread data waits in the socket, so memory stays constant whatever
 * the number and size of rows. Each statement reads a range of row numbers, so that a long export does not hold an old
 * snapshot.
 */
import type { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { RunReference } from '../runs/runs.ts';

const rowsPerStatement = 20_000;

/**
 * COPY's binary format: signature, flags and length of the header extension; then each row with its number of fields.
 */
const fixedHeaderBytes = 19;
const fieldCountBytes = 2;
const fieldLengthBytes = 4;
const endOfRows = -1;

/** Pieces of a stream. The first `size` bytes can be taken once they have arrived. */
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

  /** All pieces in one buffer. */
  joined(): Buffer {
    const [first] = this.#pieces;
    if (this.#pieces.length === 1 && first !== undefined) return first;
    const whole = Buffer.concat(this.#pieces);
    this.#pieces.splice(0, this.#pieces.length, whole);
    return whole;
  }

  /** Drops the first `size` bytes. */
  drop(size: number): void {
    const rest = this.joined().subarray(size);
    this.#pieces.splice(0, this.#pieces.length, rest);
    this.#length = rest.length;
  }
}

/** The single field of each row of a binary COPY, in batches as they arrive. */
async function* readFields(stream: AsyncIterable<Buffer>): AsyncGenerator<string[]> {
  const buffer = new PieceBuffer();
  let isHeaderRead = false;
  /** Number of bytes to wait for before parsing, so that a long field is joined only once. */
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

/** Rows by number, so that unselected ones between them are not read; few, as PostgreSQL sorts them. */
const chosenPerStatement = 5000;

/**
 * Rows of a run as JSON text, in the order of their numbers in the list.
 * @param numbers from 0
 * @param client a connection that is not used for anything else at the same time
 */
export async function* streamChosenRows(
  client: Client,
  run: RunReference,
  numbers: Int32Array,
): AsyncGenerator<string[]> {
  refuseOther(run);
  for (let first = 0; first < numbers.length; first += chosenPerStatement) {
    const chosen = numbers.subarray(first, first + chosenPerStatement).join(',');
    const statement = `COPY (SELECT data FROM unnest('{${chosen}}'::bigint[]) WITH ORDINALITY AS chosen (number, place)
      JOIN result_row AS stored ON stored.number = chosen.number
        AND stored.day = '${run.day}' AND stored.run_id = ${run.id} ORDER BY place)
      TO STDOUT (FORMAT binary)`;
    yield* readFields(client.query(copyTo(statement)));
  }
}

/** COPY does not accept parameters, so these become part of the statement. */
function refuseOther(run: RunReference): void {
  if (!/^\d{4}-\d\d-\d\d$/.test(run.day) || !Number.isSafeInteger(run.id)) throw new Error('no run to read');
}

/**
 * The first `rowCount` rows of a run as JSON text, in the order of first arrival.
 * @param client a connection that is not used for anything else at the same time
 */
export async function* streamRows(
  client: Client,
  run: RunReference,
  rowCount: number,
): AsyncGenerator<string[]> {
  refuseOther(run);
  for (let first = 0; first < rowCount; first += rowsPerStatement) {
    const end = Math.min(first + rowsPerStatement, rowCount);
    const statement = `COPY (SELECT data FROM result_row
      WHERE day = '${run.day}' AND run_id = ${run.id} AND number >= ${first} AND number < ${end} ORDER BY number)
      TO STDOUT (FORMAT binary)`;
    yield* readFields(client.query(copyTo(statement)));
  }
}
