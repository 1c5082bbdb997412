/** A Node process that serves something: started, awaited until it is ready, and stopped cleanly. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

interface ServiceOptions {
  /** Script and its arguments. */
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Matches the line on stdout that it prints when ready; the first group is kept. */
  readonly ready: RegExp;
}

/** The environment without Chela's settings, which would change what is measured. */
function neutralEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('CHELA_') && name !== 'DATABASE_URL'),
  );
}

export class ServiceProcess implements AsyncDisposable {
  readonly processId: number;
  /** The group of the line that it printed when ready, such as an address. */
  readonly told: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  /** Use `ServiceProcess.start`. */
  constructor(child: ChildProcess, exited: Promise<unknown>, told: string) {
    this.#child = child;
    this.#exited = exited;
    this.told = told;
    this.processId = child.pid ?? Number.NaN;
  }

  /** @throws Error with the output of the process if it ends before it is ready */
  static async start({ command, environment, ready }: ServiceOptions): Promise<ServiceProcess> {
    const child = spawn(process.execPath, command, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...neutralEnvironment(), ...environment },
      // Its own process group: Ctrl+C reaches only the benchmark, which stops its processes cleanly.
      detached: true,
    });
    const exited = once(child, 'exit');
    const errors = text(child.stderr);
    for await (const line of createInterface({ input: child.stdout })) {
      const match = ready.exec(line);
      if (match === null) continue;
      child.stdout.resume();
      return new ServiceProcess(child, exited, match[1] ?? '');
    }
    throw new Error(`${command.join(' ')} did not start: ${(await errors).trim()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#exited;
  }
}
