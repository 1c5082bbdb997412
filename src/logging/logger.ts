import { pino, type Logger, type LevelWithSilentOrString } from 'pino';
import { openLogOutput } from './log-output.ts';

/** The log of a platform process, on standard error: one JSON object a line. Call it once a process. */
export function openLog(level: LevelWithSilentOrString): Logger {
  return pino({ level }, openLogOutput());
}
