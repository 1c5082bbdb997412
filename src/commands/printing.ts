/** Output of commands for the user. */
import { CommandError } from './command-error.ts';

/**
 * Keeps a full disk, or a closed terminal or pipe, from ending the process by an unhandled error event. Call it once,
 * before anything is written.
 */
export function outliveLostOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** Prints a progress message. The platform keeps running if it cannot be written. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Prints the result of a command. @throws CommandError if it cannot be written */
export async function print(text: string): Promise<void> {
  const written = Promise.withResolvers<void>();
  process.stdout.write(`${text}\n`, (error) => {
    if (error) written.reject(new CommandError(`the result could not be printed: ${error.message}`));
    else written.resolve();
  });
  await written.promise;
}
