/** Reads the `input` of a request that starts a run: the worker's fields and the run's options. */
import { invalidArgument } from '../errors.ts';
import { isJsonObject, isRawNumber } from '../json/lossless-json.ts';
import { readAllowedHosts } from '../workers/workers.ts';
import type { SystemParameters } from './limits.ts';
import type { RunSchema } from './run-schema.ts';
import { customNotObject, splitFields } from './split.ts';

export interface RunInput {
  /** The worker's own fields. */
  readonly custom: Record<string, unknown>;
  /** The options in the request, checked; defaults are not filled in. */
  readonly system: SystemParameters;
}

const inputForm =
  'put the fields of the worker under input.parameters.custom and the options of the run under ' +
  'input.parameters.system: {"input": {"parameters": {"custom": {...}, "system": {...}}}}';

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function isBlank(value: unknown): boolean {
  return isAbsent(value) || (typeof value === 'string' && value.trim() === '');
}

/** Value of a number or a decimal string. @returns undefined for anything else */
function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (isRawNumber(value)) return Number(value.rawJSON);
  if (typeof value !== 'string' || !/^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i.test(value))
    return undefined;
  return Number(value);
}

type NumericParameter = Exclude<keyof SystemParameters, 'proxy_region' | 'allowed_hosts'>;

const systemNumbers: Record<NumericParameter, { expected: string; accepts: (value: number) => boolean }> = {
  cpus: {
    expected: 'a number, at least 0.125',
    accepts: (value) => value >= 0.125,
  },
  memory: {
    expected: 'a whole number of MiB from 512 to 16384',
    accepts: (value) => Number.isInteger(value) && value >= 512 && value <= 16384,
  },
  execute_limit_time_seconds: {
    expected: 'a whole number of seconds, at least 1',
    accepts: (value) => Number.isSafeInteger(value) && value >= 1,
  },
  max_total_charge: {
    expected: 'a number, at least 0 (0 is unlimited)',
    accepts: (value) => value >= 0,
  },
  max_total_traffic: {
    expected: 'a number of bytes, at least 0 (0 is unlimited)',
    accepts: (value) => value >= 0,
  },
};

/** A region is a short code. Whether it exists is up to the proxy. */
function isRegion(value: unknown): value is string {
  return typeof value === 'string' && /^[^\p{Cc}\p{Cs}]{1,100}$/u.test(value.trim());
}

export const allowedHostsName = 'input.parameters.system.allowed_hosts';

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function readSystem(value: unknown): SystemParameters {
  if (isAbsent(value)) return {};
  if (!isJsonObject(value)) throw invalidArgument('input.parameters.system must be an object');
  const system: { -readonly [Name in keyof SystemParameters]: SystemParameters[Name] } = {};
  const problems: string[] = [];
  for (const [name, { expected, accepts }] of Object.entries(systemNumbers)) {
    if (isBlank(value[name])) continue;
    const number = toNumber(value[name]);
    if (number !== undefined && Number.isFinite(number) && accepts(number)) {
      system[name as NumericParameter] = number;
    } else {
      problems.push(`input.parameters.system.${name} must be ${expected}`);
    }
  }
  const region = value.proxy_region;
  if (isRegion(region)) {
    system.proxy_region = region.trim();
  } else if (!isBlank(region)) {
    problems.push('input.parameters.system.proxy_region must be the code of a region, such as "US"');
  }
  const hosts = value.allowed_hosts;
  if (isTextList(hosts)) system.allowed_hosts = readAllowedHosts(hosts, allowedHostsName);
  else if (!isBlank(hosts)) problems.push(`${allowedHostsName} must be an array of hosts`);
  if (problems.length > 0) throw invalidArgument(problems.join('; '), problems);
  return system;
}

/** Whether fields are one or two levels too high, where they would be silently ignored. */
function isFlat(input: Record<string, unknown>, parameters: Record<string, unknown>): boolean {
  if (!isAbsent(parameters.custom)) return false;
  return (
    Object.keys(input).some((key) => key !== 'parameters') ||
    Object.keys(parameters).some((key) => key !== 'custom' && key !== 'system')
  );
}

/**
 * Reads the `input` of a request. An absent or empty input has no fields. Numbers may be decimal strings; null and
 * blank options count as absent; unknown ones are ignored.
 * @param input as returned by `parseJson`
 * @throws ChelaError INVALID_ARGUMENT for input in another form, and for options out of range
 */
export function readInput(input: unknown): RunInput {
  if (isAbsent(input)) return { custom: {}, system: {} };
  if (!isJsonObject(input)) throw invalidArgument(`input must be an object; ${inputForm}`);
  const parameters = input.parameters ?? {};
  if (!isJsonObject(parameters)) throw invalidArgument(`input.parameters must be an object; ${inputForm}`);
  if (isFlat(input, parameters)) {
    throw invalidArgument(`input has no input.parameters.custom; ${inputForm}`);
  }
  const custom = parameters.custom ?? {};
  if (!isJsonObject(custom)) throw invalidArgument(`${customNotObject}, under input.parameters.custom`);
  return { custom, system: readSystem(parameters.system) };
}

function isMissing(value: unknown): boolean {
  return isBlank(value) || (Array.isArray(value) && value.length === 0);
}

function isInteger(value: unknown): boolean {
  const number = toNumber(value);
  // Beyond 2^53 every JS number is an integer; a RawNumber keeps the digits.
  return number !== undefined && (Number.isInteger(number) || isRawNumber(value));
}

const booleanWords = /^\s*(true|false|yes|no|on|off|1|0)\s*$/i;

/** Checks for values that are plainly wrong for their type, and what was expected. Other types accept anything. */
const typeChecks = new Map<string, { expected: string; accepts: (value: unknown) => boolean }>([
  ['integer', { expected: 'an integer', accepts: isInteger }],
  ['number', { expected: 'a number', accepts: (value) => toNumber(value) !== undefined }],
  [
    'boolean',
    {
      expected: 'true or false',
      accepts: (value) =>
        typeof value === 'boolean' ||
        value === 0 ||
        value === 1 ||
        (typeof value === 'string' && booleanWords.test(value)),
    },
  ],
  ['array', { expected: 'an array', accepts: (value) => Array.isArray(value) || typeof value === 'string' }],
  ['object', { expected: 'an object', accepts: (value) => isJsonObject(value) || typeof value === 'string' }],
]);

/**
 * Checks a worker's fields against its schema. Required fields must have a value: null, a blank string and an empty
 * array do not count, false and 0 do. A value is rejected only if its type is plainly wrong. Fields that are not in the
 * schema are accepted, and so are arrays in fields that the run is split by.
 * @throws ChelaError INVALID_ARGUMENT that names all missing fields, or else all fields with a wrong type
 */
export function checkRequired(custom: Readonly<Record<string, unknown>>, schema: RunSchema): void {
  const valueOf = (name: string): unknown => (Object.hasOwn(custom, name) ? custom[name] : undefined);
  const missing = schema.properties.filter(
    ({ name, required }) => required === true && isMissing(valueOf(name)),
  );
  if (missing.length > 0) {
    throw invalidArgument(
      `required input is missing: ${missing.map(({ name }) => name).join(', ')}`,
      missing.map(({ name, title }) => {
        const label = isBlank(title) || title === name ? '' : ` (${title})`;
        return `input.parameters.custom.${name}${label} is required`;
      }),
    );
  }
  const split = new Set(splitFields(schema));
  const problems: string[] = [];
  for (const { name, type } of schema.properties) {
    const value = valueOf(name);
    const check = typeChecks.get(type ?? 'string');
    if (check === undefined || isMissing(value) || check.accepts(value)) continue;
    if (Array.isArray(value) && split.has(name)) continue;
    problems.push(`field [${name}] must be ${check.expected}`);
  }
  if (problems.length > 0) throw invalidArgument(problems.join('; '), problems);
}
