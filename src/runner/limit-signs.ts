/**
 * Limits that the kernel tells only the worker about, by an error number. What the worker prints of it names the limit in the
 * outcome of a subtask that failed.
 */
import type { SandboxLimits } from './sandbox.ts';

interface Sign {
  readonly pattern: RegExp;
  readonly limit: (limits: SandboxLimits) => string;
}

/** By their names in Node and Python, and in the words of the C library and Go. */
const signs: readonly Sign[] = [
  {
    pattern: /\bEMFILE\b|too many open files/i,
    limit: ({ openFiles }) => `${openFiles} open files (CHELA_SANDBOX_OPEN_FILE_LIMIT)`,
  },
  {
    pattern: /\bEFBIG\b|file too large/i,
    limit: fileSizeLimit,
  },
  {
    pattern: /\bENOSPC\b|no space left on device/i,
    limit: ({ tmpBytes }) => `${tmpBytes} bytes in /tmp (CHELA_SANDBOX_TMP_BYTES)`,
  },
  {
    pattern:
      /\bspawn\b.*\bEAGAIN\b|can't start new thread|failed to create new OS thread|pthread_create failed|\bfork\b.*resource temporarily unavailable/i,
    limit: ({ processes }) => processLimit(processes),
  },
];

/** Longer lines are not what a runtime prints of an error. */
const longestLine = 4096;

export function processLimit(processes: number): string {
  return `${processes} processes and threads (CHELA_SANDBOX_PROCESS_LIMIT)`;
}

export function fileSizeLimit({ fileSizeBytes }: SandboxLimits): string {
  return `${fileSizeBytes} bytes of a file (CHELA_SANDBOX_FILE_SIZE_BYTES)`;
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
    if (line.length > longestLine) return;
    for (const { pattern, limit } of signs) {
      if (pattern.test(line)) this.#found.add(limit(this.#limits));
    }
  }

  get found(): readonly string[] {
    return [...this.#found];
  }
}
