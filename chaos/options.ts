/** The options of `npm run chaos`. */
import { parseArgs } from 'node:util';
import type { Fault } from './faults/fault.ts';
import { faults } from './faults/faults.ts';

export const usage = `usage: npm run chaos -- [--seed N] [--minutes M] [--short] [--lease SECONDS] [--clients N] [--retry] [--s3] [--only KIND]… [--plan] [--keep]
  --seed N         the seed of the faults and of the clients; 1 by default
  --minutes M      how long faults are injected; 5 by default
  --short          a campaign of 12 seconds, with a lease of 3 seconds, for CI; skipped where networks cannot be made
  --lease SECONDS  the lease of runners, which the lengths of faults are multiples of; 5 by default
  --clients N      concurrent clients; 4 by default
  --retry          subtasks of lost runners run again (CHELA_LOST_SUBTASKS=retry)
  --s3             stores packages in a bucket instead of a folder
  --only KIND      only faults of this kind, as the table names it
  --plan           prints the plan of the seed and ends
  --keep           keeps the folder with the logs and the history`;

/** Of the campaign in CI. */
const short = { minutes: '0.2', lease: '3' } as const;
const usual = { minutes: '5', lease: '5' } as const;

/** An option that is wrong; the message says what was expected. */
export class UsageError extends Error {}

export interface Options {
  readonly seed: number;
  readonly lengthMs: number;
  readonly leaseSeconds: number;
  readonly clients: number;
  /** All faults, or the named ones. */
  readonly faults: readonly Fault[];
  readonly lostSubtasks: 'fail' | 'retry';
  readonly storage: 'folder' | 's3';
  readonly isShort: boolean;
  readonly onlyPlans: boolean;
  readonly keepsFolder: boolean;
  readonly onlyHelps: boolean;
}

/** @throws UsageError */
export function readOptions(argv: readonly string[]): Options {
  const flags = parseFlags(argv);
  const defaults = flags.short ? short : usual;
  return {
    seed: numberOf('seed', flags.seed, { from: 0, to: 2 ** 32 - 1, isWhole: true }),
    lengthMs: numberOf('minutes', flags.minutes ?? defaults.minutes, { from: 0.1, to: 1440 }) * 60_000,
    // The range of CHELA_RUNNER_LEASE_SECONDS.
    leaseSeconds: numberOf('lease', flags.lease ?? defaults.lease, { from: 3, to: 3600, isWhole: true }),
    clients: numberOf('clients', flags.clients, { from: 1, to: 64, isWhole: true }),
    faults: chosenFaults(flags.only),
    lostSubtasks: flags.retry ? 'retry' : 'fail',
    storage: flags.s3 ? 's3' : 'folder',
    isShort: flags.short,
    onlyPlans: flags.plan,
    keepsFolder: flags.keep,
    onlyHelps: flags.help,
  };
}

function parseFlags(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        seed: { type: 'string', default: '1' },
        minutes: { type: 'string' },
        short: { type: 'boolean', default: false },
        lease: { type: 'string' },
        clients: { type: 'string', default: '4' },
        retry: { type: 'boolean', default: false },
        s3: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
        plan: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${usage}`, { cause: error });
  }
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly isWhole?: boolean;
}

function numberOf(name: string, text: string, { from, to, isWhole = false }: Range): number {
  const value = Number(text);
  const fits = text.trim() !== '' && value >= from && value <= to && (!isWhole || Number.isInteger(value));
  if (fits) return value;
  throw new UsageError(
    `--${name} is a ${isWhole ? 'whole ' : ''}number from ${from} to ${to}, not "${text}"`,
  );
}

function chosenFaults(names: readonly string[]): readonly Fault[] {
  const unknown = names.find((name) => !faults.some((fault) => fault.name === name));
  if (unknown === undefined) return faults.filter(({ name }) => names.length === 0 || names.includes(name));
  throw new UsageError(
    `there is no fault "${unknown}", only ${faults.map(({ name }) => `"${name}"`).join(', ')}`,
  );
}
