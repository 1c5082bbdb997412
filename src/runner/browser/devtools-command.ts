/** Recognizes the commands of DevTools clients that the runner answers or changes. */

export interface Command {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly sessionId?: unknown;
}

/** Larger messages are other commands, and parsing them would take too long. */
const longestCommand = 64 * 1024;

/** @returns undefined if the message is another command, or no command */
export function readCommand(message: Buffer, method: string): Command | undefined {
  if (message.length > longestCommand || !message.includes(method)) return undefined;
  let command: Command | null;
  try {
    command = JSON.parse(message.toString()) as Command | null;
  } catch {
    return undefined;
  }
  return command?.method === method ? command : undefined;
}
