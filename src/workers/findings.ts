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

/** The first findings of one kind, and how many more there are. */
class FindingList {
  readonly kept: Finding[] = [];
  /** The first that is not kept. */
  firstLeft: Finding | undefined;
  count = 0;

  add(finding: Finding): void {
    this.count += 1;
    if (this.kept.length < keptFindings) this.kept.push(finding);
    else this.firstLeft ??= finding;
  }

  get leftCount(): number {
    return this.count - this.kept.length;
  }
}

/** Gathers what is wrong with a package, so that its author learns of everything at once. */
export class Findings {
  readonly #errors = new FindingList();
  readonly #warnings = new FindingList();

  /** Something that blocks the upload. */
  error(file: string, message: string, field?: string): void {
    this.#errors.add({ file, field, message });
  }

  /** Something kept with the version and shown. */
  warn(file: string, message: string, field?: string): void {
    this.#warnings.add({ file, field, message });
  }

  get warnings(): Finding[] {
    const { kept, firstLeft, leftCount } = this.#warnings;
    return firstLeft === undefined
      ? [...kept]
      : [...kept, { file: firstLeft.file, message: `${leftCount} more warnings are not listed` }];
  }

  /** @throws ChelaError INVALID_ARGUMENT whose details are the first errors, where there are any */
  throwErrors(): void {
    const { kept, count, leftCount } = this.#errors;
    const details = kept.map(({ file, message }) => `${file}: ${message}`);
    const [first] = details;
    if (first === undefined) return;
    if (count === 1) throw invalidArgument(first, [first]);
    if (leftCount > 0) details.push(`${leftCount} more errors`);
    throw invalidArgument(`the worker package has ${count} errors, the first is: ${first}`, details);
  }
}
