/**
 * Limits that the kernel tells only the worker about, by an error number. What the worker prints of it names the limit in the
 * outcome of a subtask that failed.
 */
import type { NamedLimit } from '../../runs/runs.ts';
import type { SandboxLimits } from '../sandbox.ts';

/** Texts that follow each other in one line, each of whole words, in lower case. */
type Sign = readonly string[];

/** The limits of a sandbox that the kernel tells only the worker about. */
type UntoldLimit = 'open_files' | 'file_size' | 'tmp' | 'processes';

interface SignedLimit {
  readonly signs: readonly Sign[];
  readonly limit: UntoldLimit;
}

/** By their names in Node and Python, and in the words of the C library and Go. */
const signedLimits: readonly SignedLimit[] = [
  {
    signs: [['emfile'], ['too many open files']],
    limit: 'open_files',
  },
  {
    signs: [['efbig'], ['file too large']],
    limit: 'file_size',
  },
  {
    signs: [['enospc'], ['no space left on device']],
    limit: 'tmp',
  },
  {
    signs: [
      ['spawn', 'eagain'],
      ['fork', 'resource temporarily unavailable'],
      ["can't start new thread"],
      ['failed to create new os thread'],
      ['pthread_create failed'],
    ],
    limit: 'processes',
  },
];

/** Longer lines are not what a runtime prints of an error. */
const longestLine = 4096;
const wordCharacter = /\w/;

/** The value of each is a field of the sandbox's limits. */
const values: Readonly<Record<UntoldLimit, (limits: SandboxLimits) => number>> = {
  open_files: ({ openFiles }) => openFiles,
  file_size: ({ fileSizeBytes }) => fileSizeBytes,
  tmp: ({ tmpBytes }) => tmpBytes,
  processes: ({ processes }) => processes,
};

export function untoldLimit(limit: UntoldLimit, limits: SandboxLimits): NamedLimit {
  return { limit, value: values[limit](limits) };
}

/** @returns where the first such text of whole words ends, at `from` or behind; -1 if there is none */
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
  readonly #found = new Set<UntoldLimit>();

  constructor(limits: SandboxLimits) {
    this.#limits = limits;
  }

  /** Takes a line that the worker printed as an error. */
  read(line: string): void {
    if (line.length > longestLine || this.#found.size === signedLimits.length) return;
    const lowerCase = line.toLowerCase();
    for (const { signs, limit } of signedLimits) {
      if (signs.some((sign) => shows(lowerCase, sign))) this.#found.add(limit);
    }
  }

  get found(): readonly NamedLimit[] {
    return Array.from(this.#found, (limit) => untoldLimit(limit, this.#limits));
  }
}
