/** What may stand in a package's requirements.txt: names and versions, nothing that reaches elsewhere. */
import { open } from 'node:fs/promises';
import path from 'node:path';
import { requirementProblem } from './requirement.ts';

const requirementsName = 'requirements.txt';

const included = /^(?:-r|--requirement|-c|--constraint)[\s=]*([\w./-]+)$/;
const mostFiles = 20;
const mostLines = 10_000;
const fileLimitBytes = 1024 * 1024;
const lineLimitCharacters = 8 * 1024;
/** With the lines that backslashes join: a package of many files has a hash of each. */
const joinedLimitCharacters = 64 * 1024;
const quotedCharacters = 80;

interface Line {
  readonly text: string;
  /** Counted from 1; of the first one where lines are joined. */
  readonly number: number;
}

/** Logical lines: a backslash at the end joins the next, comments and blank lines go. @throws Error for one that is too long */
function linesOf(file: string, content: string): Line[] {
  const lines: Line[] = [];
  let parts: string[] = [];
  let length = 0;
  let number = 1;
  function tooLong(at: number, limit: number): Error {
    return new Error(`line ${at} of ${file} is longer than ${limit} characters`);
  }
  for (const [index, line] of content.split(/\r\n|\n|\r/).entries()) {
    if (line.length > lineLimitCharacters) throw tooLong(index + 1, lineLimitCharacters);
    if (parts.length === 0) number = index + 1;
    // As pip has it: what is joined to a comment belongs to it, unless the comment is the whole line.
    const isJoined = line.endsWith('\\') && !line.trimStart().startsWith('#');
    parts.push(isJoined ? line.slice(0, -1) : line);
    length += line.length;
    if (length > joinedLimitCharacters) throw tooLong(number, joinedLimitCharacters);
    if (isJoined) continue;
    lines.push({ text: parts.join(' '), number });
    parts = [];
    length = 0;
  }
  if (parts.length > 0) lines.push({ text: parts.join(' '), number });
  return lines
    .map((line) => ({ ...line, text: line.text.replace(/(?:^|\s)#.*/s, '').trim() }))
    .filter(({ text }) => text !== '');
}

function shortened(text: string): string {
  return text.length <= quotedCharacters ? text : `${text.slice(0, quotedCharacters)}…`.toWellFormed();
}

/** @returns why a line is no requirement; undefined where it is one */
function refusal(line: string): string | undefined {
  const problem = requirementProblem(line);
  if (problem === undefined) return undefined;
  if (line.includes('://') || line.includes('@'))
    return 'packages come by name from the index only, not from an address';
  return line.startsWith('-') ? 'options are not possible here' : `this is not a requirement: ${problem}`;
}

/** @returns undefined where there is no such file @throws Error where it lies outside the package, or is too large */
async function textOf(packageDir: string, name: string): Promise<string | undefined> {
  const file = path.join(packageDir, name);
  if (path.relative(packageDir, file).startsWith('..')) throw new Error(`"${name}" lies outside the package`);
  try {
    await using handle = await open(file);
    if ((await handle.stat()).size > fileLimitBytes)
      throw new Error(`${name} is larger than ${fileLimitBytes} bytes`);
    return await handle.readFile('utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
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
    const content = await textOf(packageDir, name);
    if (content === undefined && name !== requirementsName) throw new Error(`${name} is not in the package`);
    for (const { text, number } of linesOf(name, (content ?? '').replace(/^\uFEFF/, ''))) {
      const other = included.exec(text)?.[1];
      if (other !== undefined) {
        const place = path.posix.join(path.posix.dirname(name), other);
        if (!seen.has(place)) waiting.push(place);
        seen.add(place);
        if (seen.size > mostFiles)
          throw new Error(`${requirementsName} and what it includes are more than ${mostFiles} files`);
        continue;
      }
      const problem = refusal(text);
      if (problem !== undefined)
        throw new Error(`"${shortened(text)}" in line ${number} of ${name}: ${problem}`);
      found.push(text);
      if (found.length > mostLines)
        throw new Error(`${requirementsName} and what it includes are more than ${mostLines} requirements`);
    }
  }
  return found.length === 0 ? undefined : found;
}
