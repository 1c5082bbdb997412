/** The process's own log: one JSON object a line, with its level, time, component and message; errors are `err`. */
import { pino, type LevelWithSilentOrString, type Logger } from 'pino';
import { openLogOutput } from './log-output.ts';

/** The parts of the platform that log lines come from. */
export type Component =
  | 'accounts'
  | 'cache'
  | 'callbacks'
  | 'cgroups'
  | 'database'
  | 'events'
  | 'exports'
  | 'http'
  | 'installs'
  | 'jobs'
  | 'platform'
  | 'retention'
  | 'runner'
  | 'runs'
  | 'scheduler'
  | 'statistics'
  | 'watchdog'
  | 'watchman';

/** The log of a process, on standard error. Call it once a process. */
export function openLog(level: LevelWithSilentOrString): Logger {
  return pino({ level }, openLogOutput());
}

/** @param logger the log itself, not one that this function made: a line has one component */
export function componentLogger(logger: Logger, component: Component): Logger {
  return logger.child({ component });
}
