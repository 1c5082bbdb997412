/** What an error of a query says of the database. */

/** Connections lost, servers that stop or start, too many connections, and transactions that got in each other's way. */
const unavailableStates = new Set([
  '08000',
  '08003',
  '08006',
  '57P01',
  '57P02',
  '57P03',
  '53300',
  '40001',
  '40P01',
]);
const unavailableCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE']);

/** Whether an error comes from PostgreSQL or the way to it, rather than from our own code. */
export function isDatabaseError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  return (
    (typeof code === 'string' && (/^[0-9A-Z]{5}$/.test(code) || unavailableCodes.has(code))) ||
    error.message.startsWith('Connection terminated') ||
    // What a lost connection answers to the next statement of a transaction.
    error.message.endsWith('is not queryable') ||
    error.message.includes('timeout exceeded when trying to connect')
  );
}

/** Whether PostgreSQL was out of reach or restarting, so that the same statement may work in a moment. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!isDatabaseError(error)) return false;
  const { code } = error as { code?: string };
  return code === undefined || unavailableStates.has(code) || unavailableCodes.has(code);
}
