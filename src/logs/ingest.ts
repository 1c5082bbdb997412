/** Stores the log lines of one run: from the SDK, from the workers' output, and from the platform. */
import { type Database, GroupCommit } from '../database/database.ts';
import type { Events } from '../events/events.ts';
import {
  ClaimLostError,
  type Claim,
  type ClaimedEntry,
  type RunClaims,
  type RunReference,
} from '../runs/runs.ts';
import { logType, type LogLine } from './log-line.ts';

/** Replaces U+0000, which PostgreSQL's text cannot contain, and lone surrogates, which UTF-8 does not have. */
function storable(content: string): string {
  return content.replaceAll('\0', '\uFFFD').toWellFormed();
}

/** About the size of a styled range, as stored. */
const styleBytes = 40;

/**
 * Adds lines to the log of a run.
 * @param fence the fence that the run must have; any if omitted
 * @returns false if it has another fence, so that no line was added
 */
export async function appendLogLines(
  database: Database,
  run: RunReference,
  lines: readonly LogLine[],
  fence?: number,
): Promise<boolean> {
  const { rowCount } = await database.pool.query({
    name: 'append-log-lines',
    // The lock on the counts lasts until the commit, so the batches of a run are stored one at a time, even with
    // several runners. Lines become visible in the order of their numbers, and readers who continue from one miss
    // nothing. If there are no counts, the fence has never been raised.
    text: `WITH counted AS (
             INSERT INTO run_log AS counts (run_id, debug_lines, info_lines, warn_lines, error_lines)
             VALUES ($2, $7, $8, $9, $10)
             ON CONFLICT (run_id) DO UPDATE SET debug_lines = counts.debug_lines + excluded.debug_lines,
               info_lines = counts.info_lines + excluded.info_lines,
               warn_lines = counts.warn_lines + excluded.warn_lines,
               error_lines = counts.error_lines + excluded.error_lines
             WHERE $12::int IS NULL OR counts.fence = $12
             RETURNING debug_lines + info_lines + warn_lines + error_lines - cardinality($3::int[]) AS before
           )
           INSERT INTO log_line (day, run_id, id, subtask, type, content, logged_at, styles, is_platform)
           SELECT $1::date, $2::bigint, counted.before + line.place, line.subtask, line.type, line.content, line.logged_at, line.styles, line.is_platform
           FROM counted, unnest($3::int[], $4::smallint[], $5::text[], $6::timestamptz[], $11::json[], $13::boolean[]) WITH ORDINALITY
             AS line (subtask, type, content, logged_at, styles, is_platform, place)`,
    values: [
      run.day,
      run.id,
      lines.map((line) => line.subtask),
      lines.map((line) => line.type),
      lines.map((line) => storable(line.content)),
      lines.map((line) => line.loggedAt),
      ...[logType.debug, logType.info, logType.warn, logType.error].map(
        (type) => lines.filter((line) => line.type === type).length,
      ),
      lines.map(({ styles = [] }) => (styles.length === 0 ? null : JSON.stringify(styles))),
      fence ?? null,
      lines.map(({ isPlatform = false }) => isPlatform),
    ],
  });
  return rowCount === lines.length;
}

interface WrittenLine extends ClaimedEntry {
  readonly line: LogLine;
}

export class LogIngest {
  readonly #commits: GroupCommit<WrittenLine>;

  constructor(
    database: Database,
    run: RunReference & { readonly slug: string },
    { claims, events }: { readonly claims: RunClaims; readonly events: Events },
  ) {
    this.#commits = new GroupCommit({
      sizeBytes: ({ line }) => line.content.length + styleBytes * (line.styles?.length ?? 0),
      commit: async (written) => {
        const began = performance.now();
        await claims.store(written, (current, fence) =>
          appendLogLines(
            database,
            run,
            current.map(({ line }) => line),
            fence,
          ),
        );
        const lines = written.reduce((count, { isLost }) => (isLost ? count : count + 1), 0);
        events.emit('lines:stored', { run: run.slug, lines, seconds: (performance.now() - began) / 1000 });
      },
    });
  }

  /** Resolves once the line is committed. @throws ClaimLostError */
  async write(claim: Claim, line: Omit<LogLine, 'subtask'>): Promise<void> {
    const written = { claim, line: { ...line, subtask: claim.number }, isLost: false };
    await this.#commits.add(written);
    if (written.isLost) throw new ClaimLostError();
  }

  /** Resolves once all lines written before are committed or have failed. */
  settled(): Promise<void> {
    return this.#commits.settled();
  }
}
