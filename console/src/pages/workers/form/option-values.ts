/** Converts the options of a run between form fields, which have units, and the API. */
import { textOf } from './list-items.ts';

export const timeUnits = { s: 1, min: 60, h: 3600 } as const;
export const trafficUnits = { kB: 1000, MB: 1_000_000, GB: 1_000_000_000 } as const;
export type TimeUnit = keyof typeof timeUnits;
export type TrafficUnit = keyof typeof trafficUnits;

/** Texts of the fields; '' omits the option. */
export interface RunOptions {
  /** '' for the worker's current version. */
  readonly version: string;
  readonly region: string;
  readonly time: string;
  readonly timeUnit: TimeUnit;
  readonly memory: string;
  readonly cpus: string;
  readonly charge: string;
  readonly traffic: string;
  readonly trafficUnit: TrafficUnit;
  /** Not part of the input. */
  readonly callbackUrl: string;
}

export const noOptions: RunOptions = {
  version: '',
  region: '',
  time: '',
  timeUnit: 's',
  memory: '',
  cpus: '',
  charge: '',
  traffic: '',
  trafficUnit: 'MB',
  callbackUrl: '',
};

/** API names of the options that have a field. */
export const optionNames = {
  region: 'proxy_region',
  time: 'execute_limit_time_seconds',
  memory: 'memory',
  cpus: 'cpus',
  charge: 'max_total_charge',
  traffic: 'max_total_traffic',
} as const;

/** `input.parameters.system` of a run. */
export function systemOf(options: RunOptions): Record<string, unknown> {
  const { region, time, timeUnit, memory, cpus, charge, traffic, trafficUnit } = options;
  const entries = [
    [optionNames.region, region === '' ? undefined : region],
    [optionNames.time, time === '' ? undefined : Math.round(Number(time) * timeUnits[timeUnit])],
    [optionNames.memory, memory === '' ? undefined : Number(memory)],
    [optionNames.cpus, cpus === '' ? undefined : Number(cpus)],
    [optionNames.charge, charge === '' ? undefined : Number(charge)],
    [
      optionNames.traffic,
      traffic === '' ? undefined : Math.round(Number(traffic) * trafficUnits[trafficUnit]),
    ],
  ];
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Record<string, unknown>;
}

/** The largest unit that represents the amount without a fraction, otherwise the smallest. */
function inUnits<Unit extends string>(
  value: unknown,
  units: Readonly<Record<Unit, number>>,
  usual: Unit,
): { readonly text: string; readonly unit: Unit } {
  const amount = Number(textOf(value));
  if (textOf(value) === '' || Number.isNaN(amount)) return { text: '', unit: usual };
  const names = (Object.keys(units) as Unit[]).toReversed();
  const unit = names.find((name) => amount !== 0 && amount % units[name] === 0) ?? names.at(-1) ?? usual;
  return { text: String(amount / units[unit]), unit };
}

/** The inverse of `systemOf`. */
export function optionsOf(system: Readonly<Record<string, unknown>>, version: string): RunOptions {
  const time = inUnits(system[optionNames.time], timeUnits, noOptions.timeUnit);
  const traffic = inUnits(system[optionNames.traffic], trafficUnits, noOptions.trafficUnit);
  return {
    version,
    region: textOf(system[optionNames.region]),
    time: time.text,
    timeUnit: time.unit,
    memory: textOf(system[optionNames.memory]),
    cpus: textOf(system[optionNames.cpus]),
    charge: textOf(system[optionNames.charge]),
    traffic: traffic.text,
    trafficUnit: traffic.unit,
    callbackUrl: '',
  };
}

/** Number of options that are set. */
export function countOptions(options: RunOptions): number {
  const { version, callbackUrl } = options;
  const others = [version, callbackUrl].filter((text) => text !== '');
  return Object.keys(systemOf(options)).length + others.length;
}
