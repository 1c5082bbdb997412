import type { StyledRange } from './terminal-text.ts';

/** Types of log lines, as numbers in the API. The SDK's methods are Debug, Info, Warn and Error. */
export const logType = { debug: 1, info: 2, warn: 3, error: 4 } as const;
export type LogType = (typeof logType)[keyof typeof logType];
export const logTypes = Object.values(logType);

export interface LogLine {
  /** Number of the subtask, from 1; 0 for lines about the whole run. */
  readonly subtask: number;
  readonly type: LogType;
  /** Plain text. */
  readonly content: string;
  /** The colors of its parts, if it has any. */
  readonly styles?: readonly StyledRange[];
  readonly loggedAt: Date;
}

/** Prefix of the platform's own lines. */
export const platformPrefix = 'SYSTEM: ';
