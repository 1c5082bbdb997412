/** Runs a package manager in a folder and passes on its output line by line. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { PackageManagerEnd } from './installer.ts';
import { InstallerOutput } from './installer-output.ts';

export interface PackageManagerOptions {
  /** Working folder. */
  readonly folder: string;
  /** Added to the runner's environment, from which Chela's own settings are removed. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeLimitSeconds: number;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  /** Applied to each line first. */
  readonly edit: (line: string) => string;
}

/** The environment for package managers: the operator's settings for them, without Chela's own. */
export function withoutOwnSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => name !== 'DATABASE_URL' && !name.startsWith('CHELA_')),
  );
}

/**
 * Runs a command until it exits. An abort or the time limit kills it and its child processes.
 * @throws Error if it cannot be started or takes too long; the abort's reason
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
      // It may contain the operator's registry, proxies and certificates; Chela's own secrets are removed.
      ...withoutOwnSettings(process.env),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  await once(child, 'spawn').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new Error(`${command} is not on PATH, but it is required for installing dependencies`);
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const output = new InstallerOutput(print, edit);
  const reading = Promise.all([output.read(child.stdout), output.read(child.stderr)]);
  const end = AbortSignal.any([signal, timeLimit]);
  const kill = (): void => {
    if (child.pid === undefined) return;
    try {
      // The whole process group, because package managers start child processes.
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has already ended.
    }
  };
  end.addEventListener('abort', kill, { once: true });
  if (end.aborted) kill();
  try {
    const [[exitCode]] = await Promise.all([ended, reading]);
    signal.throwIfAborted();
    if (timeLimit.aborted)
      throw new Error(
        `installing the dependencies took longer than ${timeLimitSeconds} s (CHELA_INSTALL_TIME_LIMIT_SECONDS)`,
      );
    return { exitCode, tail: output.tail, errors: output.errors };
  } finally {
    end.removeEventListener('abort', kill);
  }
}
