/** One setting: its source, its default, its check and the sentence that documents it. */
export interface Setting<T> {
  readonly environment: string;
  /** A former name of the environment variable, read if the current one is not set. */
  readonly formerEnvironment?: string;
  /** Used if neither a flag nor the environment has a value; may depend on the data folder. */
  readonly default: T | ((dataDir: string) => T);
  /** How the documentation shows a computed default. */
  readonly defaultText?: string;
  /** Parses the text. Throws an Error that says what was expected. */
  readonly parse: (text: string) => T;
  readonly describe: string;
  /** Never printed. */
  readonly secret?: boolean;
}

export function setting<T>(definition: Setting<T>): Setting<T> {
  return definition;
}

export const mebibyte = 1024 * 1024;
export const largestSafe = Number.MAX_SAFE_INTEGER;
