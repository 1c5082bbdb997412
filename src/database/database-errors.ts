/** Classifies errors of queries. */

/** Lost connections, servers that stop or start, too many connections, deadlocks and serialization failures. */
const unavailableStates = new Set([
  '08000',
  '08003',
  '08006',
  // This process was frozen within a transaction, which the server has rolled back.
  '25P03',
  '57P01',
  '57P02',
  '57P03',
  '53300',
  '40001',
  '40P01',
]);
const unavailableCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  // The network between is cut.
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EAI_AGAIN',
  'ENOTFOUND',
]);
const diskFull = '53100';

/** Whether an error comes from PostgreSQL or the connection to it, not from our own code. */
export function isDatabaseError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  return (
    (typeof code === 'string' && (/^[0-9A-Z]{5}$/.test(code) || unavailableCodes.has(code))) ||
    error.message.startsWith('Connection terminated') ||
    // After a connection is lost in a transaction, its next statement fails with this message.
    error.message.endsWith('is not queryable') ||
    error.message.includes('timeout exceeded when trying to connect')
  );
}

/** Whether PostgreSQL could not store something because its disk is full. */
export function isDatabaseFull(error: unknown): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === diskFull;
}

/** Whether PostgreSQL was unreachable or restarting, so that the same statement may soon succeed. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!isDatabaseError(error)) return false;
  const { code } = error as { code?: string };
  return code === undefined || unavailableStates.has(code) || unavailableCodes.has(code);
}
