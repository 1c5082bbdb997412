/** The lines of a package manager as they come: none that is empty, none without end, the last of them kept. */
import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';

const tailLines = 20;
const longestLine = 4000;

export class OutputLines {
  readonly #print: (line: string) => void;
  readonly #edit: (line: string) => string;
  readonly #tail: string[] = [];

  /** @param edit what is done to each line before anybody sees it */
  constructor(print: (line: string) => void, edit: (line: string) => string) {
    this.#print = print;
    this.#edit = edit;
  }

  /** The last lines. */
  get tail(): string {
    return this.#tail.join('\n');
  }

  async read(stream: Readable): Promise<void> {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    for await (const chunk of stream) {
      const lines = (rest + decoder.write(chunk as Buffer)).split(/\r?\n/);
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
    const edited = this.#edit(line);
    const shown = edited.length > longestLine ? `${edited.slice(0, longestLine)}…` : edited;
    this.#print(shown);
    this.#tail.push(shown);
    if (this.#tail.length > tailLines) this.#tail.shift();
  }
}
