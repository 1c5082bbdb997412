/**
 * Statements of migrations that hold up a platform: they lock a table that may have millions of rows for as long as they
 * read or write all of it.
 */
import { statementsOf } from './sql-statements.ts';

/** Tables that grow with the use of an installation. */
export const largeTables = [
  'run',
  'subtask',
  'result_row',
  'result_column',
  'result_header',
  'log_line',
  'run_log',
  'run_host',
  'run_file',
  'callback',
  'callback_attempt',
  'store_value',
] as const;
export type LargeTable = (typeof largeTables)[number];

interface Rule {
  readonly name: string;
  /** Whether a statement is of this kind. Words are in upper case; names and literals as they are. */
  readonly matches: (words: readonly string[]) => boolean;
  /** What happens meanwhile. */
  readonly effect: string;
  /** What to write instead. */
  readonly instead: string;
}

export interface MigrationRisk {
  readonly rule: string;
  readonly table: LargeTable;
  readonly statement: string;
  readonly effect: string;
  readonly instead: string;
}

function includes(words: readonly string[], ...sequence: string[]): boolean {
  return words.some((_, at) => sequence.every((word, offset) => words[at + offset] === word));
}

const changesTable = (words: readonly string[]): boolean => words[0] === 'ALTER' && words[1] === 'TABLE';

const volatile = ['RANDOM', 'GEN_RANDOM_UUID', 'CLOCK_TIMESTAMP', 'TIMEOFDAY', 'NEXTVAL', 'UUIDV4', 'UUIDV7'];

/** Rules as data, by what PostgreSQL's documentation says about the locks of its statements. */
const migrationRules: readonly Rule[] = [
  {
    name: 'index',
    matches: (words) =>
      words[0] === 'CREATE' && words.slice(1, 3).includes('INDEX') && !words.includes('CONCURRENTLY'),
    effect: 'nothing can be stored in the table until the index is built',
    instead: 'use CREATE INDEX CONCURRENTLY in a file of its own that starts with "-- outside a transaction"',
  },
  {
    name: 'rewrite-for-default',
    matches: (words) =>
      changesTable(words) &&
      words.includes('ADD') &&
      (volatile.some((name) => words.includes(name)) ||
        includes(words, 'STORED') ||
        includes(words, 'AS', 'IDENTITY')),
    effect: 'every row is written anew under a lock',
    instead: 'add the column without the default, set the default, and fill the rows in batches',
  },
  {
    name: 'rewrite-for-type',
    matches: (words) => changesTable(words) && words.includes('TYPE') && words.slice(2).includes('ALTER'),
    effect: 'every row may be written anew under a lock',
    instead: 'add a column of the other type, and fill it in batches',
  },
  {
    name: 'not-null',
    matches: (words) => changesTable(words) && includes(words, 'SET', 'NOT', 'NULL'),
    effect: 'every row is read under a lock',
    instead: 'add CHECK (column IS NOT NULL) NOT VALID, validate it in a later migration, then set NOT NULL',
  },
  {
    name: 'constraint',
    matches: (words) =>
      changesTable(words) &&
      words.includes('ADD') &&
      (words.includes('CHECK') || words.includes('REFERENCES') || words.includes('FOREIGN')) &&
      !includes(words, 'NOT', 'VALID'),
    effect: 'every row is read under a lock',
    instead: 'add the constraint NOT VALID, and validate it in a later migration',
  },
  {
    name: 'unique',
    matches: (words) =>
      changesTable(words) &&
      words.includes('ADD') &&
      (words.includes('UNIQUE') || words.includes('PRIMARY') || words.includes('EXCLUDE')) &&
      !includes(words, 'USING', 'INDEX'),
    effect: 'an index is built under a lock',
    instead: 'create it CONCURRENTLY, then ADD CONSTRAINT … USING INDEX',
  },
  {
    name: 'all-rows',
    matches: (words) => (words[0] === 'UPDATE' || words[0] === 'DELETE') && !words.includes('WHERE'),
    effect: 'every row stays locked until the migration has ended',
    instead: 'change them in batches, outside of it',
  },
  {
    name: 'whole-table',
    matches: (words) =>
      words[0] === 'CLUSTER' ||
      words[0] === 'LOCK' ||
      words[0] === 'REINDEX' ||
      includes(words, 'VACUUM', 'FULL'),
    effect: 'nothing can use the table meanwhile',
    instead: 'leave it out; REINDEX can be CONCURRENTLY',
  },
];

/** Words and names of a statement; literals and other signs separate them. */
function wordsOf(statement: string): string[] {
  const withoutLiterals = statement.replaceAll(/'[^']*'/g, ' ');
  return withoutLiterals.match(/[A-Za-z_]\w*/g) ?? [];
}

/** The large table that a statement changes; undefined if it changes none. */
function tableOf(words: readonly string[]): LargeTable | undefined {
  const upper = words.map((word) => word.toUpperCase());
  const skipped = new Set(['ONLY', 'IF', 'EXISTS', 'NOT', 'CONCURRENTLY', 'FULL']);
  const marks: Readonly<Record<string, string>> = {
    ALTER: 'TABLE',
    CREATE: 'ON',
    UPDATE: 'UPDATE',
    DELETE: 'FROM',
    LOCK: 'TABLE',
    CLUSTER: 'CLUSTER',
    VACUUM: 'VACUUM',
    REINDEX: 'TABLE',
  };
  const mark = marks[upper[0] ?? ''];
  if (mark === undefined) return undefined;
  const name = words.slice(upper.indexOf(mark) + 1).find((word) => !skipped.has(word.toUpperCase()));
  return largeTables.find((table) => table === name);
}

/** @param sql of one migration */
export function migrationRisks(sql: string): MigrationRisk[] {
  const statements = statementsOf(sql);
  return statements.flatMap((statement) => {
    const words = wordsOf(statement);
    const table = tableOf(words);
    if (table === undefined) return [];
    const upper = words.map((word) => word.toUpperCase());
    return migrationRules
      .filter(({ matches }) => matches(upper))
      .map(({ name, effect, instead }) => ({ rule: name, table, statement, effect, instead }));
  });
}
