/** What is wrong with a list of dependencies, known from its text alone. */
export interface ManifestProblem {
  /** What is `refused` fails the installation; it goes on without what is `ignored`. */
  readonly kind: 'refused' | 'ignored';
  readonly file: string;
  /** Counted from 1. */
  readonly line?: number;
  /** Place within a JSON or TOML file, as in `dependencies.left-pad`. */
  readonly field?: string;
  /** Beginning of what it is about. */
  readonly text?: string;
  readonly reason: string;
}

const shownCharacters = 80;

/** @returns the beginning of a text, for a message */
export function shortened(text: string): string {
  return text.length <= shownCharacters ? text : `${text.slice(0, shownCharacters)}…`.toWellFormed();
}

/** As a sentence: `"-e ../lib" in line 3 of requirements.txt: …`. */
export function problemMessage({ file, line, field, text, reason }: ManifestProblem): string {
  const place = line === undefined ? (field ?? '') : `line ${line}`;
  const where = place === '' ? file : `${place} of ${file}`;
  return text === undefined ? `${where} ${reason}` : `"${text}" in ${where}: ${reason}`;
}

/** @throws Error for the first problem that fails the installation */
export function throwRefused(problems: readonly ManifestProblem[]): void {
  const refused = problems.find(({ kind }) => kind === 'refused');
  if (refused !== undefined) throw new Error(problemMessage(refused));
}
