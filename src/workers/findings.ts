import { invalidArgument } from '../errors.ts';
import { printable } from '../text/printable-text.ts';

/** A finding about a worker package, for its author. */
export interface Finding {
  /** Path within the package. */
  readonly file: string;
  /** Path in a JSON file, such as `properties[2].default`. */
  readonly field?: string;
  readonly message: string;
}

/** A malicious schema could cause one finding per two bytes. */
const keptFindings = 100;

/** Formats text from a package for a message: quoted, without control characters, cut to 80 characters. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/** The first findings of one kind, and the number of others. */
class FindingList {
  readonly kept: Finding[] = [];
  /** The first finding that was not kept. */
  firstLeft: Finding | undefined;
  count = 0;

  /** Findings contain text from the package, which may have any characters. */
  add({ file, message, field }: Finding): void {
    const finding = {
      file: printable(file),
      message: printable(message),
      field: field === undefined ? undefined : printable(field),
    };
    this.count += 1;
    if (this.kept.length < keptFindings) this.kept.push(finding);
    else this.firstLeft ??= finding;
  }

  get leftCount(): number {
    return this.count - this.kept.length;
  }
}

/** Collects all problems of a package, so that its author gets them at once. */
export class Findings {
  readonly #errors = new FindingList();
  readonly #warnings = new FindingList();

  /** Adds a problem that blocks the upload. */
  error(file: string, message: string, field?: string): void {
    this.#errors.add({ file, field, message });
  }

  /** Adds a warning, which is stored with the version and shown. */
  warn(file: string, message: string, field?: string): void {
    this.#warnings.add({ file, field, message });
  }

  get warnings(): Finding[] {
    const { kept, firstLeft, leftCount } = this.#warnings;
    return firstLeft === undefined
      ? [...kept]
      : [...kept, { file: firstLeft.file, message: `${leftCount} more warnings are not listed` }];
  }

  /** @throws ChelaError INVALID_ARGUMENT with the first errors as details, if there are any */
  throwErrors(): void {
    const { kept, count, leftCount } = this.#errors;
    const details = kept.map(({ file, message }) => `${file}: ${message}`);
    const [first] = details;
    if (first === undefined) return;
    if (count === 1) throw invalidArgument(first, [first]);
    if (leftCount > 0) details.push(`${leftCount} more errors`);
    throw invalidArgument(`the worker package has ${count} errors; the first is: ${first}`, details);
  }
}
