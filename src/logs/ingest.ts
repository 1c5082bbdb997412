/** Stores the log lines of one run: what its subtasks log, what they print, and what the platform says. */
import type { Database } from '../database/database.ts';
import { GroupCommit } from '../database/group-commit.ts';
import type { RunReference } from '../results/ingest.ts';
import type { LogLine } from './log-line.ts';

/** PostgreSQL's text holds every character but U+0000, and UTF-8 has no lone surrogates. */
function storable(content: string): string {
  return content.replaceAll('\0', '\uFFFD').toWellFormed();
}

export class LogIngest {
  readonly #commits: GroupCommit<LogLine>;

  constructor(database: Database, run: RunReference) {
    this.#commits = new GroupCommit({
      sizeBytes: (line) => line.content.length,
      commit: async (lines) => {
        await database.pool.query({
          name: 'append-log-lines',
          // One batch of a run at a time, also with several runners: so keys become visible in their order, and who reads
          // on from a key misses nothing.
          text: `WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock($2::bigint))
                 INSERT INTO log_line (day, run_id, subtask, type, content, logged_at)
                 SELECT $1::date, $2::bigint, line.subtask, line.type, line.content, line.logged_at
                 FROM turn, unnest($3::int[], $4::smallint[], $5::text[], $6::timestamptz[]) WITH ORDINALITY
                   AS line (subtask, type, content, logged_at, place) ORDER BY line.place`,
          values: [
            run.day,
            run.id,
            lines.map((line) => line.subtask),
            lines.map((line) => line.type),
            lines.map((line) => storable(line.content)),
            lines.map((line) => line.loggedAt),
          ],
        });
      },
    });
  }

  /** Resolves once the line is committed. */
  write(line: LogLine): Promise<void> {
    return this.#commits.add(line);
  }

  /** Resolves once every line written before is committed or has failed. */
  settled(): Promise<void> {
    return this.#commits.settled();
  }
}
