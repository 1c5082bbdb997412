/** A package manager failed. Its own error comes first in the message, then its last lines. */
export class PackageManagerError extends Error {
  override name = 'PackageManagerError';
  /** The most specific error line in its output. */
  readonly headline: string;

  /** @param parts.command such as `npm ci` @param parts.advice what to do about it, as a clause */
  constructor(parts: {
    command: string;
    exitCode: number | null;
    headline: string;
    advice: string | undefined;
    tail: string;
  }) {
    const { command, exitCode, headline, advice, tail } = parts;
    const end = `${command} failed with exit code ${exitCode}`;
    const reason = [end, headline].filter((part) => part !== '').join(': ');
    super(`${advice === undefined ? reason : `${reason} (${advice})`}\n${tail}`);
    this.headline = headline === '' ? end : headline;
  }
}
