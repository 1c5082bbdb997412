/**
 * Limits that the kernel tells only the worker about, by an error number. What the worker prints of it names the limit in the
 * outcome of a subtask that failed.
 */
import type { SandboxLimits } from '../sandbox.ts';

/** Texts that follow each other in one line, each of whole words, in lower case. */
type Sign = readonly string[];

interface SignedLimit {
  readonly signs: readonly Sign[];
  readonly limit: (limits: SandboxLimits) => string;
}

/** By their names in Node and Python, and in the words of the C library and Go. */
const signedLimits: readonly SignedLimit[] = [
  {
    signs: [['emfile'], ['too many open files']],
    limit: ({ openFiles }) => `${openFiles} open files (CHELA_SANDBOX_OPEN_FILE_LIMIT)`,
  },
  {
    signs: [['efbig'], ['file too large']],
    limit: fileSizeLimit,
  },
  {
    signs: [['enospc'], ['no space left on device']],
    limit: ({ tmpBytes }) => `${tmpBytes} bytes in /tmp (CHELA_SANDBOX_TMP_BYTES)`,
  },
  {
    signs: [
      ['spawn', 'eagain'],
      ['fork', 'resource temporarily unavailable'],
      ["can't start new thread"],
      ['failed to create new os thread'],
      ['pthread_create failed'],
    ],
    limit: ({ processes }) => processLimit(processes),
  },
];

/** Longer lines are not what a runtime prints of an error. */
const longestLine = 4096;
const wordCharacter = /\w/;

export function processLimit(processes: number): string {
  return `${processes} processes and threads (CHELA_SANDBOX_PROCESS_LIMIT)`;
}

export function fileSizeLimit({ fileSizeBytes }: SandboxLimits): string {
  return `${fileSizeBytes} bytes of a file (CHELA_SANDBOX_FILE_SIZE_BYTES)`;
}

/** @returns where the first such text of whole words ends, at `from` or behind; -1 where there is none */
function endOfWords(line: string, words: string, from: number): number {
  for (let start = line.indexOf(words, from); start !== -1; start = line.indexOf(words, start + 1)) {
    const end = start + words.length;
    if (!wordCharacter.test(line.charAt(start - 1)) && !wordCharacter.test(line.charAt(end))) return end;
  }
  return -1;
}

/** Goes through the line once: the first place of each text leaves the most room for the next. */
function shows(line: string, sign: Sign): boolean {
  let end = 0;
  for (const words of sign) {
    end = endOfWords(line, words, end);
    if (end === -1) return false;
  }
  return true;
}

/** Collects the limits that the lines of one worker speak of. */
export class LimitSigns {
  readonly #limits: SandboxLimits;
  readonly #found = new Set<string>();

  constructor(limits: SandboxLimits) {
    this.#limits = limits;
  }

  /** Takes a line that the worker printed as an error. */
  read(line: string): void {
    if (line.length > longestLine || this.#found.size === signedLimits.length) return;
    const lowerCase = line.toLowerCase();
    for (const { signs, limit } of signedLimits) {
      if (signs.some((sign) => shows(lowerCase, sign))) this.#found.add(limit(this.#limits));
    }
  }

  get found(): readonly string[] {
    return [...this.#found];
  }
}
