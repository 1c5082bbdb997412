/** What commands write for the person who typed them. */
import { CommandError } from './command-error.ts';

/**
 * A full disk, or a terminal or pipe that is gone, does not end this process by an event that nobody hears. Call it once,
 * before anything is written.
 */
export function outliveLostOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** Tells how a platform is getting on. A platform runs on where that cannot be written. */
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
