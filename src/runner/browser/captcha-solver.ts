/** Answers the command that hosted browsers offer for solving captchas. It reports that solving is not supported. */

const method = 'Captchas.automaticSolver';
/** Larger messages are other commands, and parsing them would take too long. */
const longestCommand = 64 * 1024;

interface Command {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly sessionId?: unknown;
}

/**
 * @param message of a DevTools client
 * @returns the complete answer; undefined for other commands, which the browser answers
 */
export function solverAnswer(message: Buffer): string | undefined {
  if (message.length > longestCommand || !message.includes(method)) return undefined;
  let command: Command | null;
  try {
    command = JSON.parse(message.toString()) as Command | null;
  } catch {
    return undefined;
  }
  if (command?.method !== method) return undefined;
  const { id, sessionId } = command;
  const result = { status: false, message: 'solving captchas is not supported on this platform' };
  return JSON.stringify({ id, result, ...(sessionId === undefined ? {} : { sessionId }) });
}
