/** The `chela` command as a real child process, in its own process group, as in a terminal. */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inject } from 'vitest';
import { TestClient } from '../../support/test-client.ts';

const root = path.join(import.meta.dirname, '..', '..', '..');
/** The bundle, as users run it. Coverage is measured on the sources. */
const entry = path.join(root, process.env['NODE_V8_COVERAGE'] === undefined ? 'dist/main.js' : 'src/main.ts');
const startLimitMilliseconds = 180_000;

/** API key of the admin account of every platform started here. */
export const adminKey = 'key-of-the-admin-account';

export type Environment = Readonly<Record<string, string>>;

export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A user's environment, with only the given settings of Chela in it. */
function cleanEnvironment(environment: Environment): Record<string, string | undefined> {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^CHELA_|^DATABASE_URL$|^NODE_OPTIONS$|^VITEST/.test(name),
  );
  return {
    ...Object.fromEntries(own),
    CHELA_CACHE_DIR: inject('cacheDir'),
    CHELA_API_KEY: adminKey,
    CHELA_PORT: '0',
    CHELA_LOG_LEVEL: 'warn',
    ...environment,
  };
}

export class ChelaProcess {
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  #output = '';
  #look: (() => void)[] = [];

  /**
   * @param stdio where its output goes instead, as for `spawn`
   * @param within a command that starts it, with arguments
   * @param program what to start instead of the program of this repository
   */
  constructor(
    argv: readonly string[],
    environment: Environment,
    stdio: StdioOptions = ['ignore', 'pipe', 'pipe'],
    within: readonly string[] = [],
    program: readonly string[] = [process.execPath, entry],
  ) {
    const [command = process.execPath, ...rest] = [...within, ...program, ...argv];
    this.#child = spawn(command, rest, {
      env: cleanEnvironment(environment),
      stdio,
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
        for (const look of this.#look) look();
      });
    }
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (exitCode, signal) => resolve({ exitCode, signal }));
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('chela could not be started');
    return this.#child.pid;
  }

  /** Its output so far, from both streams. */
  get output(): string {
    return this.#output;
  }

  /** Resolves once its output matches the pattern; rejects if it ends first. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    const found = Promise.withResolvers<RegExpExecArray>();
    const look = (): void => {
      const match = pattern.exec(this.#output);
      if (match) found.resolve(match);
    };
    this.#look.push(look);
    look();
    const late = setTimeout(
      () => found.reject(new Error(`chela never printed ${pattern}, but: ${this.#output}`)),
      startLimitMilliseconds,
    );
    const end = this.ended.then(({ exitCode, signal }) => {
      look();
      throw new Error(`chela ended with ${signal ?? exitCode} and printed: ${this.#output}`);
    });
    try {
      return await Promise.race([found.promise, end]);
    } finally {
      clearTimeout(late);
      this.#look = this.#look.filter((other) => other !== look);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Does what Ctrl+C in a terminal does: signals every process of the group. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }

  /** Kills it if it is still running. */
  async kill(): Promise<ProcessEnd> {
    this.#child.kill('SIGKILL');
    return this.ended;
  }
}

/** Runs a command to its end. */
export async function runChela(
  argv: readonly string[],
  environment: Environment = {},
): Promise<ProcessEnd & { output: string }> {
  const chela = new ChelaProcess(argv, environment);
  const end = await chela.ended;
  return { ...end, output: chela.output };
}

export interface StartedChela {
  readonly process: ChelaProcess;
  readonly client: TestClient;
}

/** Starts `chela up` and waits until it prints its address: its standard output has to be a pipe. */
export async function startChela(
  environment: Environment,
  argv: readonly string[] = ['up'],
  stdio?: StdioOptions,
): Promise<StartedChela> {
  const chela = new ChelaProcess(argv, environment, stdio);
  try {
    const [, url = ''] = await chela.printed(/(?:URL\s+|listening on )(http:\S+)/);
    return { process: chela, client: new TestClient(url, adminKey) };
  } catch (error) {
    await chela.kill();
    throw error;
  }
}

/** A data folder for the platforms of one test file, which run one after another. */
export class DataFolder {
  readonly path: string;
  #current: StartedChela | undefined;

  constructor(folder: string) {
    this.path = folder;
  }

  static async make(): Promise<DataFolder> {
    return new DataFolder(await mkdtemp(path.join(tmpdir(), 'chela-test-up-')));
  }

  /** Starts a platform with an embedded database here; the previous one must have ended. */
  async start(environment: Environment = {}): Promise<StartedChela> {
    this.#current = await startChela({ CHELA_DATA_DIR: this.path, ...environment });
    return this.#current;
  }

  /** Ends what is running here and removes the folder. */
  async remove(): Promise<void> {
    await this.#current?.process.kill();
    await rm(this.path, { recursive: true, force: true, maxRetries: 20 });
  }
}
