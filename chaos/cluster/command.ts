/** Runs a program of the system to its end. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** @throws Error with what it printed if it fails */
export async function command(program: string, ...argv: string[]): Promise<string> {
  try {
    return (await run(program, argv)).stdout;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(`${program} ${argv.join(' ')}: ${stderr?.trim() || message}`, { cause: error });
  }
}

/** Whether the program is there. */
export async function hasCommand(program: string): Promise<boolean> {
  return command('sh', '-c', `command -v ${program}`).then(
    () => true,
    () => false,
  );
}
