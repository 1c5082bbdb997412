import { printable } from '../text/printable-text.ts';

/** A problem in a dependency file that can be detected from its text alone. */
export interface ManifestProblem {
  /** `refused` fails the installation; `ignored` content is skipped. */
  readonly kind: 'refused' | 'ignored';
  readonly file: string;
  /** 1-based. */
  readonly line?: number;
  /** Path in a JSON or TOML file, such as `dependencies.left-pad`. */
  readonly field?: string;
  /** Start of the text that the problem is about. */
  readonly text?: string;
  readonly reason: string;
}

const shownCharacters = 80;

/** @returns the start of a text, for a message */
export function shortened(text: string): string {
  return text.length <= shownCharacters ? text : `${text.slice(0, shownCharacters)}…`.toWellFormed();
}

/** Formats a problem as a sentence: `"-e ../lib" in line 3 of requirements.txt: …`. */
export function problemMessage({ file, line, field, text, reason }: ManifestProblem): string {
  const place = line === undefined ? (field ?? '') : `line ${line}`;
  const where = place === '' ? file : `${place} of ${file}`;
  return printable(text === undefined ? `${where} ${reason}` : `"${text}" in ${where}: ${reason}`);
}

/** @throws Error for the first problem that fails the installation */
export function throwRefused(problems: readonly ManifestProblem[]): void {
  const refused = problems.find(({ kind }) => kind === 'refused');
  if (refused !== undefined) throw new Error(problemMessage(refused));
}
