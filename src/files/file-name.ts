import { invalidArgument } from '../errors.ts';
import { nameProblem } from '../text/stored-name.ts';

/** Maximum length of a name in UTF-8. */
export const fileNameLimitBytes = 1024;

/** @throws ChelaError for a name that files cannot have */
export function checkFileName(name: string): void {
  const problem = nameProblem(name, { subject: 'file name', bytes: fileNameLimitBytes, hasFolders: true });
  if (problem !== undefined) throw invalidArgument(problem);
}
