/** The database cannot be used by this Chela. The message says why and what to do. */
export class UnfitDatabaseError extends Error {
  override name = 'UnfitDatabaseError';
}
