/** A program that is started again when it ends, as a service manager does; and can be killed, frozen and thawed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const restartMilliseconds = 300;
/** Then a program that was told to stop is killed, and is reported as left over. */
const stopLimitMilliseconds = 60_000;

interface ProgramOptions {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** File that its output is appended to. */
  readonly log: string;
}

/** The environment without settings that would change what is tested. */
function neutralEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^CHELA_|^DATABASE_URL$|^NODE_OPTIONS$|^VITEST/.test(name),
    ),
  );
}

export class SupervisedProgram {
  readonly #options: ProgramOptions;
  #child: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #isWanted = false;
  /** Ids of all processes that it had. */
  readonly processIds: number[] = [];

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  /** Its process at the moment. */
  get processId(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    this.#isWanted = true;
    if (this.#child !== undefined) return;
    const { command, environment, log } = this.#options;
    const [program = '', ...argv] = command;
    const output = openSync(log, 'a');
    const child = spawn(program, argv, {
      stdio: ['ignore', output, output],
      env: { ...neutralEnvironment(), ...environment },
      // Ctrl+C reaches only the harness, which stops everything in order.
      detached: true,
    });
    closeSync(output);
    this.#child = child;
    if (child.pid !== undefined) this.processIds.push(child.pid);
    this.#ended = this.#afterwards(child);
  }

  /** Starts it again after its end, if it is still wanted. */
  async #afterwards(child: ChildProcess): Promise<void> {
    await once(child, 'exit');
    this.#child = undefined;
    setTimeout(() => this.#isWanted && this.start(), restartMilliseconds);
  }

  /** Kills it with SIGKILL, and keeps it down until `start`. */
  async kill(): Promise<void> {
    this.#isWanted = false;
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Thaws it if it is frozen. @returns whether it ended by itself after the signal */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<boolean> {
    this.#isWanted = false;
    this.#child?.kill(signal);
    this.#child?.kill('SIGCONT');
    const timeUp = new AbortController();
    const isLate = delay(stopLimitMilliseconds, true, { signal: timeUp.signal }).catch(() => false);
    const ended = this.#ended.then(() => false);
    const late = await Promise.race([ended, isLate]);
    timeUp.abort();
    if (late) await this.kill();
    return !late;
  }
}
