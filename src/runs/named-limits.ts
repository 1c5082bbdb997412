/** The limits that can end a subtask or make it fail, by name. docs/limits.md explains each. */

export const limitNames = [
  'time',
  'memory',
  'charge',
  'traffic',
  'rows',
  'disk',
  'disk_files',
  'tmp',
  'file_size',
  'processes',
  'open_files',
] as const;
export type LimitName = (typeof limitNames)[number];

export const limitUnits = ['seconds', 'MB', 'amount', 'bytes', 'rows', 'files', 'processes'] as const;
export type LimitUnit = (typeof limitUnits)[number];

/** Who can change a limit: the user who starts the run, through a parameter, or the operator, through a setting. */
export const limitOwners = ['run', 'operator'] as const;
export type LimitOwner = (typeof limitOwners)[number];

export interface LimitFacts {
  /** Unit of its value. */
  readonly unit: LimitUnit;
  /** The run's system parameter, or the environment variable. */
  readonly setting: string;
  readonly set_by: LimitOwner;
}

export const limitFacts: Readonly<Record<LimitName, LimitFacts>> = {
  time: { unit: 'seconds', setting: 'execute_limit_time_seconds', set_by: 'run' },
  memory: { unit: 'MB', setting: 'memory', set_by: 'run' },
  charge: { unit: 'amount', setting: 'max_total_charge', set_by: 'run' },
  traffic: { unit: 'bytes', setting: 'max_total_traffic', set_by: 'run' },
  rows: { unit: 'rows', setting: 'CHELA_ROW_LIMIT', set_by: 'operator' },
  disk: { unit: 'bytes', setting: 'CHELA_SANDBOX_DISK_BYTES', set_by: 'operator' },
  disk_files: { unit: 'files', setting: 'CHELA_SANDBOX_DISK_FILE_LIMIT', set_by: 'operator' },
  tmp: { unit: 'bytes', setting: 'CHELA_SANDBOX_TMP_BYTES', set_by: 'operator' },
  file_size: { unit: 'bytes', setting: 'CHELA_SANDBOX_FILE_SIZE_BYTES', set_by: 'operator' },
  processes: { unit: 'processes', setting: 'CHELA_SANDBOX_PROCESS_LIMIT', set_by: 'operator' },
  open_files: { unit: 'files', setting: 'CHELA_SANDBOX_OPEN_FILE_LIMIT', set_by: 'operator' },
};

/** A limit and its value. */
export interface NamedLimit {
  readonly limit: LimitName;
  readonly value: number;
}
