/** What may stand in a package's requirements.txt: names and versions, nothing that reaches elsewhere. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

export const requirementsName = 'requirements.txt';

/** A name with extras, versions and an environment marker; hashes may follow. */
const requirement =
  /^[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?\s*(?:\[[\w\s,.-]*\])?\s*(?:\(?\s*(?:[<>=!~]=?=?\s*[\w.*+!-]+\s*,?\s*)*\)?)?(?:;[^#]*?)?(?:\s+--hash[ =]\S+)*$/;
const included = /^(?:-r|--requirement|-c|--constraint)[\s=]*([\w./-]+)$/;
const mostFiles = 20;

/** Logical lines: a backslash at the end joins the next, comments and blank lines go. */
function linesOf(text: string): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .replaceAll(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .map((line) => line.replace(/(?:^|\s)#.*/, '').trim())
    .filter((line) => line !== '');
}

function refusal(file: string, line: string): Error {
  const why =
    line.includes('://') || line.includes('@')
      ? 'packages come by name from the index only, not from an address'
      : line.startsWith('-')
        ? 'options are not possible here'
        : 'this is not a requirement';
  return new Error(`"${line}" in ${file}: ${why}`);
}

async function textOf(packageDir: string, name: string): Promise<string | undefined> {
  const file = path.join(packageDir, name);
  if (path.relative(packageDir, file).startsWith('..')) throw new Error(`"${name}" lies outside the package`);
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/**
 * The requirements of a package, those of the files it includes among them.
 * @returns one requirement each; undefined where the package has no requirements.txt or nothing in it
 * @throws Error for what is no requirement: addresses, paths, options of pip
 */
export async function readRequirements(packageDir: string): Promise<string[] | undefined> {
  const found: string[] = [];
  const waiting = [requirementsName];
  const seen = new Set(waiting);
  for (const name of waiting) {
    const text = await textOf(packageDir, name);
    if (text === undefined && name !== requirementsName) throw new Error(`${name} is not in the package`);
    for (const line of linesOf(text ?? '')) {
      const other = included.exec(line)?.[1];
      if (other !== undefined) {
        const place = path.posix.join(path.posix.dirname(name), other);
        if (!seen.has(place) && seen.size < mostFiles) waiting.push(place);
        seen.add(place);
      } else if (requirement.test(line)) found.push(line);
      else throw refusal(name, line);
    }
  }
  return found.length === 0 ? undefined : found;
}
