/** Reads files that consist of one version, such as `.nvmrc`. */
import { manifestText } from './manifest-file.ts';
import type { ManifestProblem } from './manifest-problem.ts';

const limitBytes = 4096;

export interface Pins {
  /** The first file that has a version; undefined if none has. */
  readonly pin: { readonly file: string; readonly text: string } | undefined;
  /** Files that cannot be read. */
  readonly problems: readonly ManifestProblem[];
}

/** The first line that is neither blank nor a comment. */
function firstLine(text: string): string {
  const lines = text.split(/\r\n|\n|\r/).map((line) => line.replace(/#.*/, '').trim());
  return lines.find((line) => line !== '') ?? '';
}

/** @param files names in the order of precedence */
export async function readPins(packageDir: string, files: readonly string[]): Promise<Pins> {
  const problems: ManifestProblem[] = [];
  for (const file of files) {
    try {
      const text = firstLine((await manifestText(packageDir, file, limitBytes)) ?? '');
      if (text !== '') return { pin: { file, text }, problems };
    } catch (error) {
      problems.push({ kind: 'ignored', file, reason: `cannot be read: ${(error as Error).message}` });
    }
  }
  return { pin: undefined, problems };
}
