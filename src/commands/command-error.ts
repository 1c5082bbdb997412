/** A command that cannot do what was asked; the message tells the user why and what to do. */
export class CommandError extends Error {
  override name = 'CommandError';
}
