/** Windows of a run's log: lines from a position on, among all lines or those that pass a filter. */
import { type Database, MatchFinder, type Matches, containing } from '../database/database.ts';
import type { RunReference } from '../runs/runs.ts';
import type { LogType } from './log-line.ts';
import type { StyledRange } from './terminal-text.ts';

/** Longer lines are cut in windows; the whole log has them in full. */
const shownCharacters = 16_384;

export interface LogFilter {
  /** All types if empty. */
  readonly types: readonly LogType[];
  readonly subtask: number | undefined;
  /** Words that a line must contain, ignoring case; `''` for any line. */
  readonly words: string;
}

export interface LogWindowLine {
  /** Number within the run, from 1. */
  readonly id: number;
  readonly subtask: number;
  readonly type: LogType;
  readonly content: string;
  readonly is_cut: boolean;
  readonly logged_at: Date;
  readonly is_platform: boolean;
  readonly styles: readonly StyledRange[];
}

type WindowRow = Omit<LogWindowLine, 'styles'> & { readonly styles: string | null };

function lineOf(row: WindowRow): LogWindowLine {
  return { ...row, styles: row.styles === null ? [] : (JSON.parse(row.styles) as StyledRange[]) };
}

export interface LogCounts {
  readonly debug: number;
  readonly info: number;
  readonly warn: number;
  readonly error: number;
}

/** Progress of a search. Each request continues it for a moment. */
interface LogSearch {
  /** Number of lines of the run by type. */
  readonly lines: LogCounts;
  /** Number of searched lines that pass the filter. */
  readonly count: number;
  /** Number of lines searched. */
  readonly searched: number;
  /** Whether all lines have been searched. */
  readonly isComplete: boolean;
}

export interface LogWindow extends LogSearch {
  /** Position of the first listed line among those that pass the filter, from 1. */
  readonly position: number;
  readonly list: readonly LogWindowLine[];
}

/** A line that contains the words and passes the rest of the filter. */
export interface LogMatch {
  readonly number: number;
  /** Position among the lines that pass the filter, ignoring the words, from 1. */
  readonly position: number;
}

export interface LogMatches extends LogSearch {
  /** Number of the first listed match among all matches, from 1. */
  readonly first: number;
  readonly list: readonly LogMatch[];
}

const matchingLines = `
  SELECT string_agg(int4send(id::int4), ''::bytea) AS numbers FROM (
    SELECT id FROM log_line
    WHERE day = $1 AND run_id = $2 AND id > $3 AND id <= $4 AND (cardinality($5::smallint[]) = 0 OR type = ANY ($5))
      AND ($6::int IS NULL OR subtask = $6) AND ($7::text IS NULL OR content ILIKE $7)
    ORDER BY id
  ) AS matching`;

const lineColumns = `id, subtask, type, left(content, ${shownCharacters}) AS content,
  length(content) > ${shownCharacters} AS is_cut, logged_at, is_platform, styles`;

function totalOf({ debug, info, warn, error }: LogCounts): number {
  return debug + info + warn + error;
}

function passesAll({ types, subtask, words }: LogFilter): boolean {
  return types.length === 0 && subtask === undefined && words === '';
}

/** All lines, without a search. */
function everyLine(total: number): Matches {
  return {
    count: total,
    searched: total,
    slice: (index, limit) =>
      Array.from({ length: Math.max(0, Math.min(limit, total - index)) }, (_, place) => index + place + 1),
    countBelow: (number) => Math.min(number - 1, total),
  };
}

/** The index of a position, which counts from 1, or from the end if negative: -1 is the last. */
function indexOf(position: number, count: number): number {
  return position < 0 ? Math.max(0, count + position) : Math.max(0, position - 1);
}

export class LogWindows {
  readonly #database: Database;
  /**
   * A scan takes about 15 ms per statement. A window of a finished search takes one statement of a few milliseconds.
   */
  readonly #finder = new MatchFinder({
    largestRange: 20_000,
    budgetMilliseconds: 60,
    memoryBytes: 64 * 1024 * 1024,
  });

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Lines from a position on.
   * @param position from 1 among the lines that pass the filter; negative counts from the end, where -1 is the last
   */
  async lines(
    run: RunReference,
    filter: LogFilter,
    { position, limit }: { position: number; limit: number },
  ): Promise<LogWindow> {
    const counts = await this.#counts(run);
    const matches = await this.#find(run, filter, totalOf(counts));
    const index = indexOf(position, matches.count);
    const { rows } = await this.#database.pool.query<WindowRow>({
      name: 'log-lines-by-number',
      text: `SELECT ${lineColumns} FROM log_line WHERE day = $1 AND run_id = $2 AND id = ANY ($3::bigint[]) ORDER BY id`,
      values: [run.day, run.id, matches.slice(index, limit)],
    });
    return { ...progress(counts, matches), position: index + 1, list: rows.map(lineOf) };
  }

  /**
   * The lines that contain the words and pass the rest of the filter.
   * @param from the first match to return: its number among the matches from 1, or the first at or after a position
   */
  async matches(
    run: RunReference,
    filter: LogFilter,
    from: { match: number } | { position: number },
    limit: number,
  ): Promise<LogMatches> {
    const counts = await this.#counts(run);
    const [shown, found] = await Promise.all([
      this.#find(run, { ...filter, words: '' }, totalOf(counts)),
      this.#find(run, filter, totalOf(counts)),
    ]);
    const index =
      'match' in from
        ? indexOf(from.match, found.count)
        : found.countBelow(shown.slice(indexOf(from.position, shown.count), 1)[0] ?? Infinity);
    // Lines that the search for the rest of the filter has not reached have no position yet.
    const numbers = found.slice(index, limit).filter((number) => number <= shown.searched);
    const list = numbers.map((number) => ({ number, position: shown.countBelow(number) + 1 }));
    const searched = Math.min(shown.searched, found.searched);
    return { ...progress(counts, { count: found.count, searched }), first: index + 1, list };
  }

  async #counts(run: RunReference): Promise<LogCounts> {
    const { rows } = await this.#database.pool.query<LogCounts>({
      name: 'log-counts',
      text: `SELECT debug_lines AS debug, info_lines AS info, warn_lines AS warn, error_lines AS error
             FROM run_log WHERE run_id = $1`,
      values: [run.id],
    });
    return rows[0] ?? { debug: 0, info: 0, warn: 0, error: 0 };
  }

  async #find(run: RunReference, filter: LogFilter, total: number): Promise<Matches> {
    if (passesAll(filter)) return everyLine(total);
    const types = filter.types.toSorted((one, other) => one - other);
    const words = filter.words.toLowerCase();
    const subtask = filter.subtask ?? null;
    return this.#finder.find(JSON.stringify([run.id, types, subtask, words]), total, async (after, upTo) => {
      const pattern = words === '' ? null : containing(words);
      const { rows } = await this.#database.pool.query<{ numbers: Buffer | null }>({
        name: 'matching-log-lines',
        text: matchingLines,
        values: [run.day, run.id, after, upTo, types, subtask, pattern],
      });
      return rows[0]?.numbers ?? Buffer.alloc(0);
    });
  }
}

function progress(lines: LogCounts, { count, searched }: { count: number; searched: number }): LogSearch {
  return { lines, count, searched, isComplete: searched >= totalOf(lines) };
}
