/** Reads what `/metrics` answers with the parser that Prometheus itself maintains. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { preparePython } from '../../support/python-environment.ts';

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  readonly name: string;
  readonly type: string;
  readonly samples: readonly Sample[];
}

const folder = path.resolve(import.meta.dirname, '..');

export class Exposition {
  readonly families: readonly Family[];

  private constructor(families: readonly Family[]) {
    this.families = families;
  }

  /** @throws if the text is not an exposition */
  static async parse(text: string): Promise<Exposition> {
    const python = await preparePython(path.join(folder, 'requirements.txt'));
    const reading = promisify(execFile)(python, [path.join(folder, 'read_exposition.py')]);
    reading.child.stdin?.end(text);
    const { stdout } = await reading;
    // Python writes what JSON has no number for.
    return new Exposition(
      JSON.parse(stdout.replaceAll('NaN', 'null').replaceAll('Infinity', 'null')) as Family[],
    );
  }

  /** The sum of the samples of a name that have these labels; undefined if there are none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.#samples().filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
  }

  /** Every name that a query may ask for. */
  names(): ReadonlySet<string> {
    const suffixes: Readonly<Record<string, readonly string[]>> = {
      counter: ['_total'],
      histogram: ['_bucket', '_count', '_sum'],
      summary: ['', '_count', '_sum'],
    };
    return new Set(
      this.families.flatMap(({ name, type }) => (suffixes[type] ?? ['']).map((suffix) => name + suffix)),
    );
  }

  /** The values of all labels. */
  labelValues(): string[] {
    return this.#samples().flatMap(({ labels }) => Object.values(labels));
  }

  #samples(): Sample[] {
    return this.families.flatMap(({ samples }) => samples);
  }
}
