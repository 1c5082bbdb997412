/** Runs npm in a folder, with its lines passed on as they come. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** Its output goes to the worker's author: no log file of this host, no advice for its operator. */
const quiet = ['--logs-max=0', '--no-update-notifier', '--no-progress', '--color=false'];
const shared = ['--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund', ...quiet];

export const npmCommands = {
  /** Exactly what the lock file says. */
  ci: ['ci', ...shared],
  /** What package.json allows; a lock file that is there counts as far as it fits. */
  install: ['install', ...shared],
} as const;

const errorTailLines = 20;

function withoutOwnSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => name !== 'DATABASE_URL' && !name.startsWith('CHELA_')),
  );
}

export interface NpmOptions {
  readonly folder: string;
  readonly timeLimitSeconds: number;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

/**
 * @returns 'lock does not fit' when npm refuses the lock file as not made for this package.json
 * @throws Error with the last lines npm printed, or the abort's reason
 */
export async function runNpm(
  command: readonly string[],
  { folder, timeLimitSeconds, signal, print }: NpmOptions,
): Promise<'installed' | 'lock does not fit'> {
  const timeLimit = AbortSignal.timeout(timeLimitSeconds * 1000);
  const child = spawn('npm', [...command, '--prefix', folder], {
    cwd: folder,
    env: {
      // The operator's registry, proxies and certificates may be there; the platform's own secrets are not npm's business.
      ...withoutOwnSettings(process.env),
      // npm must run on, and install for, the Node that runs the workers.
      PATH: `${path.dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
      // No credentials and no files of this host, whatever a dependency of a dependency asks for.
      GIT_ALLOW_PROTOCOL: 'https',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_TERMINAL_PROMPT: '0',
      npm_config_allow_file: 'none',
      npm_config_allow_directory: 'none',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const tail: string[] = [];
  let lockFits = true;
  const reading = [child.stdout, child.stderr].map(async (stream) => {
    for await (const line of createInterface({ input: stream })) {
      if (line.trim() === '') continue;
      if (/\bcode EUSAGE\b/.test(line)) lockFits = false;
      print(line);
      tail.push(line);
      if (tail.length > errorTailLines) tail.shift();
    }
  });
  const end = AbortSignal.any([signal, timeLimit]);
  const kill = (): void => {
    if (child.pid === undefined) return;
    try {
      // The whole group, for npm has git do some of its work.
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Ended already.
    }
  };
  end.addEventListener('abort', kill, { once: true });
  if (end.aborted) kill();
  try {
    const [exitCode] = await ended.catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT')
        throw new Error('npm is not on PATH, and installing dependencies needs it');
      throw error;
    });
    await Promise.all(reading);
    signal.throwIfAborted();
    if (timeLimit.aborted)
      throw new Error(`installing the dependencies took longer than ${timeLimitSeconds} s`);
    if (exitCode === 0) return 'installed';
    if (!lockFits) return 'lock does not fit';
    throw new Error(`npm ${command[0]} failed with exit code ${exitCode}:\n${tail.join('\n')}`);
  } finally {
    end.removeEventListener('abort', kill);
  }
}
