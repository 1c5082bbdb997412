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
  /** Whether Chela wrote it, and not the worker. */
  readonly isPlatform?: boolean;
  readonly loggedAt: Date;
}

/** Who wrote a line. */
export const lineSources = ['worker', 'platform'] as const;
export type LineSource = (typeof lineSources)[number];

/** Prefix of the platform's own lines, for readers. A worker can print it too. */
export const platformPrefix = 'SYSTEM: ';
