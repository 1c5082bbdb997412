/** A Node process that serves something: started, waited for until it says so on stdout, and ended in order. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

interface ServiceOptions {
  /** Script and its arguments. */
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Line on stdout that says that it is ready; its first group is kept. */
  readonly ready: RegExp;
}

/** The environment without settings of Chela, which would make the run another than the one described. */
function neutralEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('CHELA_') && name !== 'DATABASE_URL'),
  );
}

export class ServiceProcess implements AsyncDisposable {
  readonly processId: number;
  /** What the line that said it is ready told: an address, say. */
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

  /** @throws Error with what the process printed where it ended before it was ready */
  static async start({ command, environment, ready }: ServiceOptions): Promise<ServiceProcess> {
    const child = spawn(process.execPath, command, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...neutralEnvironment(), ...environment },
      // A group of its own: Ctrl+C reaches the benchmark, and that ends its processes in order.
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
