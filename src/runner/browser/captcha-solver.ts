/** The command with which workers ask hosted browsers to solve a captcha. There is no solver here, and it is told so. */

const method = 'Captchas.automaticSolver';
/** Larger messages are other commands. They are not read here: that would take the time of all others. */
const longestCommand = 64 * 1024;

interface Command {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly sessionId?: unknown;
}

/**
 * @param message of a client of DevTools
 * @returns the whole answer to it, or undefined for every other command, which the browser answers
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
