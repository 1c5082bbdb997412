/** Reads the log of a run: recent lines, windows, and the whole log as text. */
import { Readable } from 'node:stream';
import type { Database } from '../database/database.ts';
import type { RunReference } from '../runs/runs.ts';
import { LogWindows } from './log-windows.ts';
import { appendLogLines } from './ingest.ts';
import { type LogType, logType, platformPrefix } from './log-line.ts';

export { LogIngest } from './ingest.ts';
export { RunProgressWatch } from './run-progress.ts';
export { type LineSource, type LogType, logType, logTypes, platformPrefix } from './log-line.ts';
export type { LogMatches, LogWindow } from './log-windows.ts';
export { type MaskedText, SecretMask } from './secret-mask.ts';
export { plainStyle, plainText, readTerminalText, shownLine } from './terminal-text.ts';

/** Number of recent lines. */
const recentLines = 1000;
const streamedLinesAtOnce = 5000;

export type { LogFilter } from './log-windows.ts';

export interface StoredLogLine {
  /** Number within the run, from 1. */
  readonly id: number;
  readonly subtask: number;
  readonly type: LogType;
  readonly content: string;
  readonly logged_at: Date;
  readonly is_platform: boolean;
}

const typeNames: Record<LogType, string> = { 1: 'DEBUG', 2: 'INFO', 3: 'WARN', 4: 'ERROR' };

export class Logs {
  readonly windows: LogWindows;
  readonly #database: Database;

  constructor(database: Database) {
    this.windows = new LogWindows(database);
    this.#database = database;
  }

  /** Adds a line of the platform about the whole run. */
  async note(run: RunReference, content: string): Promise<void> {
    const line = {
      subtask: 0,
      type: logType.info,
      content: platformPrefix + content,
      isPlatform: true,
      loggedAt: new Date(),
    };
    await appendLogLines(this.#database, run, [line]);
  }

  /** The newest lines, oldest first. */
  async recent(run: RunReference): Promise<StoredLogLine[]> {
    const { rows } = await this.#database.pool.query<StoredLogLine>({
      name: 'recent-log-lines',
      text: `SELECT id, subtask, type, content, logged_at, is_platform FROM log_line
             WHERE day = $1 AND run_id = $2 ORDER BY id DESC LIMIT $3`,
      values: [run.day, run.id, recentLines],
    });
    return rows.toReversed();
  }

  /** Lines after the one with the number `after` (0 for all), oldest first. */
  async after(run: RunReference, after: number, limit: number): Promise<StoredLogLine[]> {
    const { rows } = await this.#database.pool.query<StoredLogLine>({
      name: 'log-lines-after',
      text: `SELECT id, subtask, type, content, logged_at, is_platform FROM log_line
             WHERE day = $1 AND run_id = $2 AND id > $3 ORDER BY id LIMIT $4`,
      values: [run.day, run.id, after, limit],
    });
    return rows;
  }

  /** All lines so far as UTF-8 text, one per line: time, level, subtask in brackets, content. Uses constant memory. */
  text(run: RunReference): Readable {
    return Readable.from(this.#textParts(run));
  }

  async *#textParts(run: RunReference): AsyncGenerator<string> {
    let after = 0;
    for (;;) {
      const lines = await this.after(run, after, streamedLinesAtOnce);
      const last = lines.at(-1);
      if (last === undefined) return;
      yield lines.map(textLine).join('');
      after = last.id;
    }
  }
}

function textLine(line: StoredLogLine): string {
  const group = line.subtask === 0 ? '' : ` [${line.subtask}]`;
  return `${line.logged_at.toISOString()} ${typeNames[line.type]}${group} ${line.content}\n`;
}
