/**
 * Reads the files in which workers keep their tally, in the scratch folders of all runners, while they are written. A file
 * stays open, so that it can be read to its end although the runner has removed it.
 */
import { glob, open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { Periodic } from '../../src/services/periodic.ts';
import type { History } from '../history/history.ts';
import { Tally } from './tally.ts';

const pollMilliseconds = 100;
const chunkBytes = 256 * 1024;

interface OpenFile {
  readonly token: string;
  readonly handle: FileHandle;
  position: number;
  /** Of a line that is not complete. */
  rest: string;
}

interface Count {
  readonly token: string;
  readonly rows: number;
  readonly atMs: number;
}

export class TallyReader {
  readonly tally = new Tally();
  readonly #cacheDirs: readonly string[];
  readonly #polls: Periodic;
  readonly #open = new Map<string, OpenFile>();
  readonly #known = new Set<string>();
  /** Acknowledged rows of each worker over time. */
  readonly #counts: Count[] = [];
  readonly #counted = new Map<string, number>();

  constructor(cacheDirs: readonly string[], onError: (error: unknown) => void) {
    this.#cacheDirs = cacheDirs;
    this.#polls = new Periodic({ intervalMilliseconds: pollMilliseconds, work: () => this.#poll(), onError });
  }

  start(): void {
    this.#polls.start();
  }

  /** Reads everything to its end. */
  async stop(): Promise<void> {
    await this.#polls.stop();
    await this.#poll();
    for (const { handle } of this.#open.values()) await handle.close();
    this.#open.clear();
  }

  async #poll(): Promise<void> {
    for (const cacheDir of this.#cacheDirs) await this.#find(path.join(cacheDir, 'scratch'));
    for (const file of this.#open.values()) await this.#read(file);
    this.#count();
  }

  async #find(scratch: string): Promise<void> {
    for await (const name of glob('*/*/home/tally-*', { cwd: scratch })) {
      const token = path.basename(name).slice('tally-'.length);
      if (this.#known.has(token)) continue;
      const handle = await open(path.join(scratch, name)).catch(() => undefined);
      if (handle === undefined) continue;
      this.#known.add(token);
      this.#open.set(token, { token, handle, position: 0, rest: '' });
    }
  }

  async #read(file: OpenFile): Promise<void> {
    // Looked at first: a file that was removed by now is not written to any more.
    const { nlink } = await file.handle.stat();
    const buffer = Buffer.alloc(chunkBytes);
    for (;;) {
      const { bytesRead } = await file.handle.read(buffer, 0, chunkBytes, file.position);
      if (bytesRead === 0) break;
      file.position += bytesRead;
      const lines = `${file.rest}${buffer.toString('latin1', 0, bytesRead)}`.split('\n');
      file.rest = lines.pop() ?? '';
      this.tally.add(file.token, lines);
    }
    if (nlink > 0) return;
    this.#open.delete(file.token);
    await file.handle.close();
  }

  #count(): void {
    const atMs = performance.now();
    for (const [token, { rows }] of this.tally.workers) {
      if (this.#counted.get(token) === rows.size) continue;
      this.#counted.set(token, rows.size);
      this.#counts.push({ token, rows: rows.size, atMs });
    }
  }

  /** Records in the history how many rows of each run had been acknowledged at each time. @param runs by token */
  tell(history: History, runs: ReadonlyMap<string, string>): void {
    const byRun = Map.groupBy(this.#counts, ({ token }) => runs.get(token) ?? '');
    byRun.delete('');
    for (const [run, counts] of byRun) {
      const current = new Map<string, number>();
      for (const { token, rows, atMs } of counts) {
        current.set(token, rows);
        const sum = [...current.values()].reduce((one, other) => one + other, 0);
        history.add({ op: 'acknowledged', run, rows: sum, beganMs: atMs, endedMs: atMs });
      }
    }
  }
}
