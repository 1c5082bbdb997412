/** One setting: where its value comes from, how it is checked, and the sentence that documents it. */
export interface Setting<T> {
  readonly environment: string;
  /** An earlier name of the environment variable, read where the present one is absent. */
  readonly formerEnvironment?: string;
  /** What the value is when neither a flag nor the environment gives one; may depend on the data folder. */
  readonly default: T | ((dataDir: string) => T);
  /** How documentation shows a computed default. */
  readonly defaultText?: string;
  /** Text to value. Throws an Error that says what was expected. */
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
