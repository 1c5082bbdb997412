/** The process's own log: one JSON object per line, with level, time, component and message; errors are in `err`. */
import { pino, type LevelWithSilentOrString, type Logger } from 'pino';
import { openLogOutput } from './log-output.ts';

/** Components that write log lines. */
export type Component =
  | 'accounts'
  | 'backup'
  | 'cache'
  | 'callbacks'
  | 'cgroups'
  | 'database'
  | 'events'
  | 'exports'
  | 'files'
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

/** Opens the process's log on standard error. Call it once per process. */
export function openLog(level: LevelWithSilentOrString): Logger {
  return pino({ level }, openLogOutput());
}

/** @param logger the root logger, not a component's: a line has one component */
export function componentLogger(logger: Logger, component: Component): Logger {
  return logger.child({ component });
}
