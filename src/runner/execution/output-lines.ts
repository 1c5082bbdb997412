/**
 * The lines of a stream of output. A line feed ends a line. A carriage return begins the line again, as progress bars
 * do: what follows replaces what came before. Of a line that is replaced again and again only its last state counts,
 * and now and then the current one, so that readers see progress.
 */
import { plainText } from '../../logs/logs.ts';

/** From one state of a line to the next that is reported, if more states follow. */
export const stateMilliseconds = 5000;

/** Characters of the end of an over-long line that are kept: the reason of a failure may be there. */
const tailCharacters = 4096;

/** Longer texts are not examined for being sequences only. */
const longestClearing = 1000;

interface OutputLineHandlers {
  /** A complete line. */
  onLine(line: string): void;
  /** The present state of a line that is being replaced. If it stays, `onLine` is not called for it again. */
  onState(line: string): void;
  /** The start of a line that exceeds the limit. Called as soon as it does. */
  onLongLine(start: string): void;
  /**
   * The end of that line.
   * @param omitted number of characters between the start and the end
   */
  onLongLineEnd(end: string, omitted: number): void;
}

interface OutputLineOptions extends OutputLineHandlers {
  readonly limit: number;
  /** Maximum characters of the start that `onLongLine` gets, beyond the limit. */
  readonly margin: number;
}

export class OutputLines {
  readonly #options: OutputLineOptions;
  /** The line so far, after its last carriage return. */
  #rest = '';
  /** The state of the line before its last carriage return. */
  #before = '';
  /** The last state that was reported. */
  #reported: string | undefined;
  /** What an over-long line has after its start, as far as it is kept. */
  #longLine: { tail: string; omitted: number } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: OutputLineOptions) {
    this.#options = options;
  }

  write(text: string): void {
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      this.#append(text.slice(start, end));
      this.#endLine();
      start = end + 1;
    }
    this.#append(text.slice(start));
  }

  /** Ends the last line, if it has no line feed. */
  end(): void {
    this.#endLine(true);
  }

  /** @param text without line feeds */
  #append(text: string): void {
    const last = text.lastIndexOf('\r');
    if (last === -1) {
      this.#extend(text);
      return;
    }
    const wasReplaced = this.#before !== '';
    this.#extend(text.slice(0, text.indexOf('\r')));
    this.#replace();
    // Of the states in one piece only the last can be seen.
    const state = lastState(text.slice(0, last));
    if (state !== undefined) {
      this.#extend(state);
      this.#replace();
    }
    this.#extend(text.slice(last + 1));
    // A carriage return before a line feed replaces nothing.
    if (wasReplaced || this.#rest !== '')
      this.#timer ??= setInterval(() => this.#reportState(), stateMilliseconds).unref();
  }

  /** A carriage return: what the line shows stays until something else is printed. */
  #replace(): void {
    this.#endLongLine();
    if (!isBlank(this.#rest)) this.#before = this.#rest;
    this.#rest = '';
  }

  #extend(text: string): void {
    if (this.#longLine !== undefined) {
      const { tail, omitted } = this.#longLine;
      // Most of what was printed is not copied once more.
      const kept =
        text.length >= tailCharacters ? text.slice(-tailCharacters) : (tail + text).slice(-tailCharacters);
      this.#longLine = { tail: kept, omitted: omitted + tail.length + text.length - kept.length };
      return;
    }
    // An incomplete line is not searched again with every piece.
    this.#rest += text;
    const { limit, margin } = this.#options;
    if (this.#rest.length <= limit + margin) return;
    const line = this.#rest;
    this.#rest = '';
    this.#before = '';
    this.#options.onLongLine(line.slice(0, limit + margin));
    this.#longLine = { tail: '', omitted: 0 };
    this.#extend(line.slice(limit));
  }

  #endLongLine(): void {
    if (this.#longLine === undefined) return;
    const { tail, omitted } = this.#longLine;
    this.#longLine = undefined;
    this.#options.onLongLineEnd(tail, omitted);
  }

  #endLine(isLast = false): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    const wasLong = this.#longLine !== undefined;
    this.#endLongLine();
    const line = this.#state;
    const wasReported = this.#reported !== undefined && this.#reported === line;
    this.#rest = '';
    this.#before = '';
    this.#reported = undefined;
    if (wasLong || wasReported || (isLast && line === '')) return;
    const { limit } = this.#options;
    if (line.length <= limit) {
      this.#options.onLine(line);
      return;
    }
    this.#options.onLongLine(line);
    this.#options.onLongLineEnd(line.slice(limit), 0);
  }

  /** The line as a terminal shows it. */
  get #state(): string {
    return this.#before !== '' && isBlank(this.#rest) ? this.#before : this.#rest;
  }

  #reportState(): void {
    const state = this.#state;
    if (this.#longLine !== undefined || state === '' || state === this.#reported) return;
    this.#reported = state;
    this.#options.onState(state);
  }
}

/** Whether a text shows nothing: spaces and sequences with which programs clear a line. */
function isBlank(text: string): boolean {
  return text.trim() === '' || (text.length <= longestClearing && plainText(text).trim() === '');
}

/** The last state that shows something, of those between two carriage returns. */
function lastState(text: string): string | undefined {
  let end = text.length;
  while (end > 0) {
    const start = text.lastIndexOf('\r', end - 1);
    if (start === -1) break;
    const state = text.slice(start + 1, end);
    if (!isBlank(state)) return state;
    end = start;
  }
  return undefined;
}
