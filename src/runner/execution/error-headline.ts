/**
 * Finds the line in a failed worker's standard error that people look for: the first line of the error that ended it.
 * Node, Python, Go and Java print it in different places. For other programs it is the last line that calls itself an
 * error, or else the last line. Each line is read once, and only a few are kept.
 */
import { type SecretMask, shownLine } from '../../logs/logs.ts';
import {
  isFrame,
  isIndented,
  isMarked,
  isMarks,
  isOfNpm,
  isPosition,
  isNoise,
  mentionsException,
  withoutFraming,
  withoutTree,
} from './error-lines.ts';

/** Maximum length of a headline. The database has the same limit. */
const maxHeadlineLength = 300;
/** Number of characters of a line that are examined. */
const maxLineLength = 1000;
/**
 * Number of lines before a stack trace in which its first line is searched, because a message may span several lines.
 */
const maxRecentLines = 20;
/** After this many lines of other output, an error no longer counts as the one that ended the worker. */
const maxLinesAfterError = 100;
/** The same for a line that only calls itself an error. */
const maxLinesAfterMarked = 10;
/** Maximum number of lines of a message before its stack trace. */
const maxMessageLines = 200;

/** What the last lines belong to. */
type Place =
  /** Nothing known. */
  | 'text'
  /** The code that threw, as printed by Node; the error follows. */
  | 'code'
  /** The message of a Node error; its stack trace follows. */
  | 'message'
  /** A stack trace of Node or Java, or the error's properties after it. */
  | 'stack'
  /** The list of errors among those properties; the first follows. */
  | 'errors'
  /** A Python traceback; the error follows. */
  | 'traceback'
  /** A Python traceback of an exception group, drawn as a tree. */
  | 'group'
  /** The exceptions of a group; the first follows. */
  | 'members'
  /** State that a runtime dumps when it crashes. */
  | 'dump';

/** How to use the error of a traceback. */
type Use = 'taken' | 'taken unless there is one' | 'ignored';

interface Found {
  readonly text: string;
  cause?: string;
  /** Number of lines of other output since then. */
  linesAfter: number;
}

const causeStarts = ['[cause]: ', 'Caused by: '];

/** @returns as much of a line as a headline may have */
export function headlineText(line: string): string {
  if (line.length <= maxHeadlineLength) return line;
  return `${line.slice(0, maxHeadlineLength - 1)}…`.toWellFormed();
}

export class ErrorHeadline {
  readonly #mask: SecretMask;
  #place: Place = 'text';
  #use: Use = 'taken';
  #messageLines = 0;
  #recent: string[] = [];
  #error: Found | undefined;
  #marked: Found | undefined;
  #last = '';

  constructor(mask: SecretMask) {
    this.#mask = mask;
  }

  /** Reads a line of standard error. The start of a long line is enough. */
  read(line: string): void {
    const shown = shownLine(line.slice(0, maxLineLength + this.#mask.longest));
    if (shown.trim() === '') return;
    if (!this.#continues(shown)) this.#begin(shown);
  }

  /** Reads a text that the worker logged as an error. */
  readLogged(text: string): void {
    const end = text.indexOf('\n');
    const line = shownLine(
      text.slice(0, Math.min(end === -1 ? text.length : end, maxLineLength + this.#mask.longest)),
    );
    if (!isNoise(line)) this.#marked = { text: line.trim(), linesAfter: 0 };
  }

  /** The headline without secrets, at most 300 characters; `''` if there was no output. */
  get text(): string {
    const { text, cause } = this.#found;
    const head = this.#presentable(text);
    const whole = cause === undefined || cause === '' ? head : `${head} (cause: ${this.#presentable(cause)})`;
    return headlineText(whole);
  }

  get #found(): Pick<Found, 'text' | 'cause'> {
    const error = this.#error && this.#error.linesAfter <= maxLinesAfterError ? this.#error : undefined;
    const marked = this.#marked && this.#marked.linesAfter <= maxLinesAfterMarked ? this.#marked : undefined;
    if (error !== undefined && marked !== undefined)
      return marked.linesAfter < error.linesAfter ? marked : error;
    return error ?? marked ?? { text: this.#last };
  }

  #presentable(text: string): string {
    const masked = this.#mask.applyToStart(text, maxLineLength);
    let kept = '';
    for (const character of masked) kept += character < ' ' || character === '\u007F' ? ' ' : character;
    return kept.trim().toWellFormed();
  }

  /** @returns whether the line belongs to what is being read */
  #continues(line: string): boolean {
    switch (this.#place) {
      case 'text':
        return false;
      case 'code':
        this.#take(line);
        this.#place = line.endsWith(' {') ? 'stack' : 'message';
        this.#messageLines = 0;
        return true;
      case 'message':
        return this.#continuesMessage(line);
      case 'stack':
      case 'errors':
        return this.#continuesStack(line);
      case 'traceback':
        if (isIndented(line)) return true;
        this.#place = 'text';
        return this.#endTraceback(line);
      case 'group':
      case 'members':
        return this.#continuesGroup(line);
      case 'dump':
        if (!isTraceback(line) && !isMarked(line)) return true;
        this.#place = 'text';
        return false;
      default:
        return this.#place satisfies never;
    }
  }

  #continuesMessage(line: string): boolean {
    this.#messageLines += 1;
    if (isFrame(line)) this.#place = 'stack';
    else if (line.startsWith('Node.js v') || this.#messageLines > maxMessageLines) this.#place = 'text';
    return true;
  }

  #continuesStack(line: string): boolean {
    const text = line.trimStart();
    if (this.#place === 'errors') {
      this.#addCause(text);
      this.#place = 'stack';
      return true;
    }
    const start = causeStarts.find((each) => text.startsWith(each));
    if (start !== undefined) this.#addCause(text.slice(start.length));
    else if (text.startsWith('[errors]: [')) this.#place = 'errors';
    else if (!isIndented(line) && !isNoise(line)) {
      this.#place = 'text';
      return false;
    }
    return true;
  }

  #endTraceback(line: string): boolean {
    const use = this.#use;
    this.#use = 'taken';
    if (use === 'taken' || (use === 'taken unless there is one' && this.#error === undefined))
      this.#take(line);
    return true;
  }

  #continuesGroup(line: string): boolean {
    const text = withoutTree(line);
    if (text === undefined) {
      this.#place = 'text';
      return false;
    }
    if (isIndented(text) || isTraceback(text) || text.startsWith('-') || text.startsWith('+')) return true;
    if (this.#place === 'group') {
      this.#endTraceback(text);
      this.#place = 'members';
    } else if (this.#error?.cause === undefined) this.#addCause(text);
    return true;
  }

  /** Reads a line that continues nothing and may begin something. */
  #begin(line: string): void {
    if (this.#beginsTraceback(line) || this.#beginsDump(line)) return;
    if (isFrame(line)) {
      const first = firstLine(this.#recent);
      if (first === undefined) return;
      this.#take(first);
      this.#place = 'stack';
    } else if (isMarks(line) && isPosition(this.#recent.at(-2) ?? '')) {
      this.#recent = [];
      this.#place = 'code';
    } else this.#addText(line);
  }

  #beginsTraceback(line: string): boolean {
    if (isTraceback(line) || line.startsWith('  File "')) this.#place = 'traceback';
    else if (line.endsWith('Exception Group Traceback (most recent call last):')) this.#place = 'group';
    else if (line.startsWith('Exception ignored ')) this.#use = 'ignored';
    else if (line.startsWith('Task exception was never retrieved')) this.#use = 'taken unless there is one';
    else return false;
    return true;
  }

  #beginsDump(line: string): boolean {
    const text = line.trimStart();
    // A panic during another panic is printed below it, indented.
    if (
      text.startsWith('panic: ') ||
      ['fatal error: ', 'FATAL ERROR: '].some((start) => line.startsWith(start))
    ) {
      this.#take(text);
      return true;
    }
    if (line.startsWith('Fatal Python error: ')) {
      this.#take(line);
      this.#place = 'dump';
      return true;
    }
    const isGoDump = line.startsWith('goroutine ') && line.endsWith(']:') && this.#error !== undefined;
    if (isGoDump) this.#place = 'dump';
    return isGoDump;
  }

  #addText(line: string): void {
    if (this.#error !== undefined) this.#error.linesAfter += 1;
    if (this.#marked !== undefined) this.#marked.linesAfter += 1;
    this.#recent.push(line);
    if (this.#recent.length > maxRecentLines) this.#recent.shift();
    if (isNoise(line)) return;
    this.#last = line;
    if (!isMarked(line)) return;
    const before = this.#marked?.text ?? '';
    this.#marked = { text: isOfNpm(before) && isOfNpm(line) ? before : line, linesAfter: 0 };
  }

  #take(line: string): void {
    this.#error = { text: withoutFraming(line), linesAfter: 0 };
    this.#recent = [];
  }

  #addCause(line: string): void {
    if (this.#error !== undefined) this.#error.cause = withoutFraming(line);
  }
}

function isTraceback(line: string): boolean {
  return line.startsWith('Traceback (most recent call last):');
}

/** The first line of the error whose stack trace follows these lines. */
function firstLine(lines: readonly string[]): string | undefined {
  const exception = lines.findLast(mentionsException);
  if (exception !== undefined) return exception;
  // Playwright appends its call log to messages.
  const callLog = lines.lastIndexOf('Call log:');
  return lines[callLog > 0 ? callLog - 1 : lines.length - 1];
}
