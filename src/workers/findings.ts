import { invalidArgument } from '../errors.ts';

/** One remark about a worker package, for its author. */
export interface Finding {
  /** Path within the package. */
  readonly file: string;
  /** Place within a JSON file, as in `properties[2].default`. */
  readonly field?: string;
  readonly message: string;
}

/** A hostile schema could earn one finding for every two of its bytes. */
const keptFindings = 100;

/** Shows text from a package within a message: quoted, without control characters, shortened to 80 characters. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/** Gathers what is wrong with a package, so that its author learns of everything at once. */
export class Findings {
  readonly #errors: Finding[] = [];
  readonly #warnings: Finding[] = [];

  /** Something that blocks the upload. */
  error(file: string, message: string, field?: string): void {
    this.#errors.push({ file, field, message });
  }

  /** Something kept with the version and shown. */
  warn(file: string, message: string, field?: string): void {
    this.#warnings.push({ file, field, message });
  }

  get warnings(): Finding[] {
    const kept = this.#warnings.slice(0, keptFindings);
    const left = this.#warnings.slice(keptFindings);
    return left[0] === undefined
      ? kept
      : [...kept, { file: left[0].file, message: `${left.length} more warnings are not listed` }];
  }

  /** @throws ChelaError INVALID_ARGUMENT whose details are all errors, where there are any */
  throwErrors(): void {
    const sentences = this.#errors.map(({ file, message }) => `${file}: ${message}`);
    const [first] = sentences;
    if (first === undefined) return;
    if (sentences.length === 1) throw invalidArgument(first, [first]);
    const details = sentences.slice(0, keptFindings);
    if (sentences.length > keptFindings) details.push(`${sentences.length - keptFindings} more errors`);
    throw invalidArgument(
      `the worker package has ${sentences.length} errors, the first is: ${first}`,
      details,
    );
  }
}
