/** Answers the command that hosted browsers offer for solving captchas. It reports that solving is not supported. */
import { readCommand } from './devtools-command.ts';

const method = 'Captchas.automaticSolver';

/**
 * @param message of a DevTools client
 * @returns the complete answer; undefined for other commands, which the browser answers
 */
export function solverAnswer(message: Buffer): string | undefined {
  const command = readCommand(message, method);
  if (command === undefined) return undefined;
  const { id, sessionId } = command;
  const result = { status: false, message: 'solving captchas is not supported on this platform' };
  return JSON.stringify({ id, result, ...(sessionId === undefined ? {} : { sessionId }) });
}
