/** What the platform acknowledged to the workers, as they say themselves. */
export interface WorkerTally {
  /** Order in which the workers appeared. */
  readonly order: number;
  readonly rows: Set<number>;
  readonly lines: Set<number>;
  /** The last acknowledged push by upsert key. */
  readonly upserts: Map<string, number>;
}

type Entry =
  | { readonly start: true }
  | { readonly row: number }
  | { readonly line: number }
  | { readonly upsert: string; readonly n: number }
  | { readonly end: true };

/** A line that a full disk cut off says nothing. */
function parseEntry(line: string): Entry | undefined {
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return undefined;
  }
}

export class Tally {
  /** By the token of the worker's process. */
  readonly workers = new Map<string, WorkerTally>();

  /** Adds complete lines of a worker's file. */
  add(token: string, lines: readonly string[]): void {
    for (const line of lines) {
      const entry = parseEntry(line);
      if (entry !== undefined) this.#enter(token, entry);
    }
  }

  #enter(token: string, entry: Entry): void {
    if ('start' in entry) {
      this.workers.set(token, {
        order: this.workers.size,
        rows: new Set(),
        lines: new Set(),
        upserts: new Map(),
      });
      return;
    }
    const worker = this.workers.get(token);
    if (worker === undefined) return;
    if ('row' in entry) worker.rows.add(entry.row);
    else if ('line' in entry) worker.lines.add(entry.line);
    else if ('upsert' in entry) worker.upserts.set(entry.upsert, entry.n);
  }

  /** Number of acknowledged pushes and lines. */
  get acknowledged(): number {
    return [...this.workers.values()].reduce(
      (sum, { rows, lines, upserts }) => sum + rows.size + lines.size + upserts.size,
      0,
    );
  }
}
