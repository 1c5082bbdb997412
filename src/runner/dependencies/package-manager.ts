/** Runs a package manager in a folder, with its lines passed on as they come. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { PackageManagerEnd } from './installer.ts';
import { OutputLines } from './output-lines.ts';

export interface PackageManagerOptions {
  /** Working folder. */
  readonly folder: string;
  /** Added to the runner's own environment, without the platform's own settings. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeLimitSeconds: number;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  /** What is done to each line before anybody sees it. */
  readonly edit: (line: string) => string;
}

/** What package managers may see of the environment: the operator's own settings of them, and none of the platform's. */
export function withoutOwnSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => name !== 'DATABASE_URL' && !name.startsWith('CHELA_')),
  );
}

/**
 * Runs one command to its end, and ends it with all it started at an abort or the time limit.
 * @throws Error if it cannot be started or takes too long, or the abort's reason
 */
export async function runPackageManager(
  command: string,
  argv: readonly string[],
  { folder, environment, timeLimitSeconds, signal, print, edit }: PackageManagerOptions,
): Promise<PackageManagerEnd> {
  const timeLimit = AbortSignal.timeout(timeLimitSeconds * 1000);
  const child = spawn(command, argv, {
    cwd: folder,
    env: {
      // The operator's registry, proxies and certificates may be there; the platform's own secrets are nobody's business.
      ...withoutOwnSettings(process.env),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const output = new OutputLines(print, edit);
  const reading = [child.stdout, child.stderr].map(async (stream) => output.read(stream));
  const end = AbortSignal.any([signal, timeLimit]);
  const kill = (): void => {
    if (child.pid === undefined) return;
    try {
      // The whole group, for package managers have others do some of their work.
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Ended already.
    }
  };
  end.addEventListener('abort', kill, { once: true });
  if (end.aborted) kill();
  try {
    const [exitCode] = await ended.catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      throw new Error(`${command} is not on PATH, and installing dependencies needs it`);
    });
    await Promise.all(reading);
    signal.throwIfAborted();
    if (timeLimit.aborted)
      throw new Error(`installing the dependencies took longer than ${timeLimitSeconds} s`);
    return { exitCode, tail: output.tail };
  } finally {
    end.removeEventListener('abort', kill);
  }
}
