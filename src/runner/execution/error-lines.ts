/**
 * Classifies lines of standard error, as printed by Node, Python, Go and Java for the error that ends a program. Every
 * function examines each character a constant number of times.
 */

export function isIndented(line: string): boolean {
  return line.startsWith(' ') || line.startsWith('\t');
}

/** A line of a Node or Java stack trace: `    at main (/work/main.js:1:30)`. */
export function isFrame(line: string): boolean {
  return isIndented(line) && line.trimStart().startsWith('at ');
}

/** The marks below a line of code: `      ^^^`. */
export function isMarks(line: string): boolean {
  const marks = line.trimStart();
  for (const character of marks) if (character !== '^' && character !== '~') return false;
  return marks !== '';
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}

/** `/work/main.js:3`, which Node prints above the code that threw. */
export function isPosition(line: string): boolean {
  let index = line.length;
  while (index > 0 && isDigit(line.charAt(index - 1))) index -= 1;
  return index < line.length && line.charAt(index - 1) === ':';
}

const identifierSigns = '_$.';

function isIdentifierCharacter(character: string): boolean {
  return (
    (character >= 'a' && character <= 'z') ||
    (character >= 'A' && character <= 'Z') ||
    isDigit(character) ||
    identifierSigns.includes(character)
  );
}

const classEnds = ['Error', 'Exception', 'Rejection'];

/** `TypeError: x`, `Error [ERR_X]: y`, `java.lang.IllegalStateException: z` or only the class. */
export function beginsWithClass(line: string): boolean {
  let end = 0;
  while (end < line.length && isIdentifierCharacter(line.charAt(end))) end += 1;
  const name = line.slice(0, end);
  const isAlone = end === line.length || line.charAt(end) === ':' || line.startsWith(' [', end);
  return isAlone && classEnds.some((ending) => name.endsWith(ending));
}

/** Whether a line reports an exception, at its start or after the worker's own words. */
export function mentionsException(line: string): boolean {
  return (
    beginsWithClass(withoutFraming(line)) ||
    line.includes('Error: ') ||
    line.includes('Exception: ') ||
    line.includes('Error [')
  );
}

const markers = ['ERROR', 'Error', 'error', 'FATAL', 'Fatal', 'fatal', 'CRITICAL', 'npm error', 'npm ERR!'];
const markerEnds = new Set([':', ' ', ']']);

/** Whether a line calls itself an error: `ERROR: x`, `[ERROR] x`, `TypeError: x`. */
export function isMarked(line: string): boolean {
  const text = line.startsWith('[') ? line.slice(1) : line;
  return (
    beginsWithClass(line) ||
    markers.some((marker) => text.startsWith(marker) && markerEnds.has(text.charAt(marker.length)))
  );
}

/** All lines of npm start like this; the first one says most. */
export function isOfNpm(line: string): boolean {
  return line.startsWith('npm error') || line.startsWith('npm ERR!');
}

const wordCharacter = /[\p{L}\p{N}]/u;

/** Lines that runtimes add, and lines with only punctuation. */
export function isNoise(line: string): boolean {
  if (line.startsWith('Node.js v') || line.startsWith('(Use `node --trace')) return true;
  if (line.startsWith('(node:') && line.includes('Warning')) return true;
  return !wordCharacter.test(line);
}

const javaThread = 'Exception in thread "';
const nodeRejection = 'The promise rejected with the reason "';

/** The error itself, without the text that runtimes print around it. */
export function withoutFraming(line: string): string {
  let text = line.trim();
  if (text.startsWith(javaThread)) {
    const end = text.indexOf('" ', javaThread.length);
    if (end !== -1) text = text.slice(end + 2);
  }
  if (text.startsWith('Uncaught ')) text = text.slice('Uncaught '.length);
  // `[TypeError: fetch failed] {` has properties but no stack.
  const isBracketed = text.startsWith('[') && (text.endsWith(']') || text.endsWith('] {'));
  if (isBracketed && beginsWithClass(text.slice(1, -1))) text = text.slice(1, text.lastIndexOf(']'));
  const reason = text.indexOf(nodeRejection);
  if (reason === -1) return text;
  const rejected = text.slice(reason + nodeRejection.length);
  const end = rejected.lastIndexOf('"');
  return `Unhandled promise rejection: ${end === -1 ? rejected : rejected.slice(0, end)}`;
}

/** A line of a Python exception group without its tree drawing; undefined for other lines. */
export function withoutTree(line: string): string | undefined {
  const text = line.trimStart();
  if (!text.startsWith('|') && !text.startsWith('+')) return undefined;
  return text.startsWith(' ', 1) ? text.slice(2) : text.slice(1);
}
