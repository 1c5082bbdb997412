/**
 * Limits that the kernel reports only to the worker, as an error number. If the subtask fails, the limits that the
 * worker's output mentions become part of its outcome.
 */
import type { NamedLimit } from '../../runs/runs.ts';
import type { SandboxLimits } from '../sandbox.ts';

/** Texts that follow each other in one line, each of whole words, in lower case. */
type Sign = readonly string[];

/** Limits of the sandbox that only the worker notices: from the kernel, or from V8, whose heap is limited too. */
type WorkerOnlyLimit = 'open_files' | 'file_size' | 'tmp' | 'processes' | 'memory';

interface SignedLimit {
  readonly signs: readonly Sign[];
  readonly limit: WorkerOnlyLimit;
}

/** Their error codes in Node and Python, and the messages of the C library and Go. */
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
  {
    signs: [['javascript heap out of memory'], ['err_worker_out_of_memory']],
    limit: 'memory',
  },
];

/** Runtimes do not print longer lines for an error. */
const maxLineLength = 4096;
const mebibyte = 1024 * 1024;
const wordCharacter = /\w/;

/** The field of the sandbox's limits that has the value of each. */
const values: Readonly<Record<WorkerOnlyLimit, (limits: SandboxLimits) => number>> = {
  open_files: ({ openFiles }) => openFiles,
  file_size: ({ fileSizeBytes }) => fileSizeBytes,
  tmp: ({ tmpBytes }) => tmpBytes,
  processes: ({ processes }) => processes,
  memory: ({ memoryBytes = 0 }) => Math.round(memoryBytes / mebibyte),
};

export function untoldLimit(limit: WorkerOnlyLimit, limits: SandboxLimits): NamedLimit {
  return { limit, value: values[limit](limits) };
}

/** @returns index after the first occurrence of these whole words at or after `from`; -1 if there is none */
function endOfWords(line: string, words: string, from: number): number {
  for (let start = line.indexOf(words, from); start !== -1; start = line.indexOf(words, start + 1)) {
    const end = start + words.length;
    if (!wordCharacter.test(line.charAt(start - 1)) && !wordCharacter.test(line.charAt(end))) return end;
  }
  return -1;
}

/** Scans the line once: the earliest match of each text leaves the most room for the next. */
function shows(line: string, sign: Sign): boolean {
  let end = 0;
  for (const words of sign) {
    end = endOfWords(line, words, end);
    if (end === -1) return false;
  }
  return true;
}

/** Collects the limits that a worker's lines mention. */
export class LimitSigns {
  readonly #limits: SandboxLimits;
  readonly #found = new Set<WorkerOnlyLimit>();

  constructor(limits: SandboxLimits) {
    this.#limits = limits;
  }

  /** Reads a line that the worker printed as an error. */
  read(line: string): void {
    if (line.length > maxLineLength || this.#found.size === signedLimits.length) return;
    const lowerCase = line.toLowerCase();
    for (const { signs, limit } of signedLimits) {
      if (signs.some((sign) => shows(lowerCase, sign))) this.#found.add(limit);
    }
  }

  get found(): readonly NamedLimit[] {
    return Array.from(this.#found, (limit) => untoldLimit(limit, this.#limits));
  }
}
