/** Splits SQL of migrations into statements, without running it. */

interface Quote {
  readonly start: string;
  readonly end: string;
}

const quotes: readonly Quote[] = [
  { start: "'", end: "'" },
  { start: '"', end: '"' },
];

/** The tag of a dollar quote that starts at a place, such as `$$` or `$body$`. */
function dollarTag(text: string, at: number): string | undefined {
  if (text[at] !== '$') return undefined;
  const end = text.indexOf('$', at + 1);
  if (end === -1) return undefined;
  const tag = text.slice(at, end + 1);
  return /^\$\w*\$$/.test(tag) ? tag : undefined;
}

/** The place after what starts at `at` with `start` characters and ends with `end`, or the end of the text. */
function after(text: string, at: number, start: number, end: string): number {
  const found = text.indexOf(end, at + start);
  return found === -1 ? text.length : found + end.length;
}

/**
 * @returns the statements without comments and semicolons. A quote within a quote, which is doubled, reads as two quotes side
 *   by side.
 */
export function statementsOf(sql: string): string[] {
  const statements: string[] = [];
  let [statement, at] = ['', 0];
  while (at < sql.length) {
    if (sql.startsWith('--', at)) {
      at = after(sql, at, 2, '\n');
      statement += '\n';
      continue;
    }
    if (sql.startsWith('/*', at)) {
      at = after(sql, at, 2, '*/');
      statement += ' ';
      continue;
    }
    const tag = dollarTag(sql, at);
    const quote = quotes.find(({ start }) => sql[at] === start);
    const end = tag ?? quote?.end;
    if (end !== undefined) {
      const next = after(sql, at, end.length, end);
      statement += sql.slice(at, next);
      at = next;
      continue;
    }
    if (sql[at] === ';') {
      statements.push(statement.trim());
      statement = '';
    } else statement += sql[at];
    at += 1;
  }
  return [...statements, statement.trim()].filter((text) => text !== '');
}
