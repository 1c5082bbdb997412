/**
 * Determines the level of each line of a worker's output: the level that the line names, an error for lines of an
 * exception or a crash, the previous line's level for lines that continue it, and otherwise the stream's default.
 */
import { type LogType, logType } from '../../logs/logs.ts';
import { beginsWithClass, isFrame, isIndented, withoutFraming, withoutTree } from './error-lines.ts';
import { namedLevel } from './level-words.ts';

/** Only this much of a line is examined, except for JSON, which is parsed completely. */
const examinedCharacters = 1000;

type Place =
  | 'text'
  /** A Python traceback; the error follows. */
  | 'traceback'
  /** Lines that follow a crash, up to the next line that names a level. */
  | 'crash';

const tracebackStarts = ['Traceback (most recent call last):', '  File "'];
const tracebackLinks = [
  'During handling of the above exception, another exception occurred:',
  'The above exception was the direct cause of the following exception:',
];
const crashStarts = [
  'panic: ',
  'fatal error: ',
  'FATAL ERROR: ',
  'Fatal Python error: ',
  'SIGSEGV: ',
  'SIGABRT: ',
];
const errorStarts = ['Exception in thread "', 'Caused by: ', 'Uncaught ', 'Unhandled '];
const continuing = '{}[])';

function startsWithAny(line: string, starts: readonly string[]): boolean {
  return starts.some((start) => line.startsWith(start));
}

export class LineLevels {
  readonly #default: LogType;
  #place: Place = 'text';
  /** The level of the record to which the last line belongs; undefined if it names none. */
  #record: LogType | undefined;

  /** @param streamDefault the level of lines without one */
  constructor(streamDefault: LogType) {
    this.#default = streamDefault;
  }

  /** @param line plain text */
  read(line: string): LogType {
    if (line.trim() === '') return this.#record ?? this.#default;
    const named = namedLevel(line);
    if (named !== undefined) {
      this.#place = 'text';
      this.#record = named;
      return named;
    }
    const start = line.slice(0, examinedCharacters);
    return this.#continuesCrash(start) || this.#beginsError(start) ? this.#error() : this.#plain(start);
  }

  /** @param text the end of the last line: of the level of that line, or else of the level that the text names */
  readContinuation(text: string): LogType {
    return this.#record ?? namedLevel(text) ?? this.#default;
  }

  #error(): LogType {
    this.#record = logType.error;
    return logType.error;
  }

  #continuesCrash(line: string): boolean {
    if (this.#place === 'text') return false;
    // The line with the error ends a traceback.
    if (this.#place === 'traceback' && !isIndented(line)) this.#place = 'text';
    return true;
  }

  #beginsError(line: string): boolean {
    const text = withoutTree(line) ?? line;
    if (
      startsWithAny(text, tracebackStarts) ||
      line.endsWith('Exception Group Traceback (most recent call last):')
    ) {
      this.#place = 'traceback';
      return true;
    }
    if (startsWithAny(line, tracebackLinks) || startsWithAny(line, errorStarts)) return true;
    const isPanic = line.startsWith("thread '") && line.includes(' panicked at ');
    if (isPanic || startsWithAny(line, crashStarts) || isGoroutine(line)) {
      this.#place = 'crash';
      return true;
    }
    return (isFrame(line) && this.#record === undefined) || beginsWithClass(withoutFraming(line));
  }

  #plain(line: string): LogType {
    const continues = isIndented(line) || continuing.includes(line.charAt(0));
    if (!continues) this.#record = undefined;
    return this.#record ?? this.#default;
  }
}

/** `goroutine 1 [running]:` */
function isGoroutine(line: string): boolean {
  return line.startsWith('goroutine ') && line.endsWith(']:');
}
