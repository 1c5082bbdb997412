/** The clock of one node, which libfaketime moves: it is told the difference to the machine's clock in a file. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';

const libraries = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map(
  (machine) => `/usr/lib/${machine}/faketime/libfaketimeMT.so.1`,
);

/** The library, if Debian's `libfaketime` is installed. */
export const clockLibrary = libraries.find((file) => existsSync(file));

export class Clock {
  readonly #file: string;

  /** @param file that tells the difference */
  constructor(file: string) {
    this.#file = file;
  }

  /** What a program needs to follow this clock. Only the wall clock moves; the monotonic clock does not. */
  get environment(): Record<string, string> {
    if (clockLibrary === undefined) return {};
    return {
      LD_PRELOAD: clockLibrary,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
  }

  async step(seconds: number): Promise<void> {
    await writeFile(this.#file, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}s\n`);
  }
}
