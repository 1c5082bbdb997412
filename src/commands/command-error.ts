/** A command that cannot do what was asked. The message says why and what to do. */
export class CommandError extends Error {
  override name = 'CommandError';
}
