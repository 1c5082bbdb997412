/** Splits a package manager's output into lines: skips empty ones, cuts long ones, and keeps the last ones. */
import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';
import { shownLine } from '../../logs/logs.ts';

const tailLines = 20;
const longestLine = 4000;
const keptErrors = 50;
/** How pip, npm and the builds that pip runs mark a line as an error. */
const errorMarks = ['ERROR: ', 'error: ', '× ', 'npm error ', 'npm ERR! '];

/** The line after the output of a failed build, as printed by pip. */
const endOfBuildOutput = '[end of output]';

function withoutErrorMark(line: string): string {
  const text = line.trim();
  return text.startsWith('error: ') ? text.slice('error: '.length) : text;
}

export class InstallerOutput {
  readonly #print: (line: string) => void;
  readonly #edit: (line: string) => string;
  readonly #lineLimit: number;
  readonly #tail: string[] = [];
  readonly #errors: string[] = [];
  #printed = 0;

  /**
   * @param edit applied to each line first
   * @param lineLimit maximum number of printed lines: a script may print without end, and nothing slows it down
   */
  constructor(print: (line: string) => void, edit: (line: string) => string, lineLimit = Infinity) {
    this.#print = print;
    this.#edit = edit;
    this.#lineLimit = lineLimit;
  }

  /** The last lines. */
  get tail(): string {
    return this.#tail.join('\n');
  }

  /** The last lines that are marked as errors, even if they are not in the tail. */
  get errors(): readonly string[] {
    return this.#errors;
  }

  async read(stream: Readable): Promise<void> {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    for await (const chunk of stream) {
      // An incomplete line is not searched again with every piece.
      const [first = '', ...others] = decoder.write(chunk as Buffer).split('\n');
      const lines = [rest + first, ...others];
      rest = lines.pop() ?? '';
      for (const line of lines) this.add(line);
      if (rest.length < longestLine * 2) continue;
      this.add(rest);
      rest = '';
    }
    this.add(rest + decoder.end());
  }

  add(line: string): void {
    if (line.trim() === '') return;
    // npm and pip color their output and overwrite lines even without a terminal.
    const edited = this.#edit(shownLine(line));
    const shown = edited.length > longestLine ? `${edited.slice(0, longestLine)}…` : edited;
    this.#printed += 1;
    if (this.#printed <= this.#lineLimit) this.#print(shown);
    else if (this.#printed === this.#lineLimit + 1)
      this.#print(
        `the limit of ${this.#lineLimit} lines (CHELA_INSTALL_LOG_LINE_LIMIT) is reached: further lines are dropped`,
      );
    this.#tail.push(shown);
    if (this.#tail.length > tailLines) this.#tail.shift();
    // The last output of a build is more specific than pip's own message about it.
    if (shown.trim() === endOfBuildOutput)
      this.#addError(`error: ${withoutErrorMark(this.#tail.at(-2) ?? '')}`);
    else if (errorMarks.some((mark) => shown.startsWith(mark))) this.#addError(shown);
  }

  #addError(line: string): void {
    this.#errors.push(line);
    if (this.#errors.length > keptErrors) this.#errors.shift();
  }
}
