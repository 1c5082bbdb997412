/** The configuration, read from flags, the environment and the defaults in the table of settings. */
import { settings } from './settings.ts';
import type { Setting } from './setting.ts';

export { type DiskReserve, reserveBytes } from './disk-reserve.ts';
export type { Plan, PlanList } from './plan-list.ts';
export { settings };

export type SettingName = keyof typeof settings;

export type Config = {
  readonly [Name in SettingName]: (typeof settings)[Name] extends Setting<infer T> ? T : never;
};

/** An invalid setting. The message names it, its value and what was expected. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** The command-line flag of a setting, `--data-dir` for `dataDir`. */
export function flagOf(name: SettingName): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The environment variable that a setting is read from. The former name is used if the current one is not set. */
function variableOf(
  { environment: name, formerEnvironment: former }: Setting<unknown>,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  return former !== undefined && !environment[name] && environment[former] ? former : name;
}

/**
 * Reads the configuration. Flags override the environment, which overrides defaults.
 * @param environment usually `process.env`; an empty value counts as absent
 * @param flags texts by setting name
 * @throws ConfigError that names the first invalid setting
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  flags: Partial<Record<SettingName, string>> = {},
): Config {
  function value<T>(name: SettingName, definition: Setting<T>, dataDir: string): T {
    const fromFlag = flags[name];
    const variable = variableOf(definition, environment);
    const given = fromFlag ?? environment[variable];
    if (given === undefined || given === '') {
      const fallback = definition.default;
      return typeof fallback === 'function' ? (fallback as (dataDir: string) => T)(dataDir) : fallback;
    }
    try {
      return definition.parse(given);
    } catch (error) {
      const source = fromFlag === undefined ? variable : flagOf(name);
      const shown = definition.secret ? '' : `, got "${given}"`;
      throw new ConfigError(`${source} must be ${(error as Error).message}${shown}`);
    }
  }
  const dataDir = value('dataDir', settings.dataDir, '');
  const entries = Object.entries(settings).map(([name, definition]) => [
    name,
    value(name as SettingName, definition as Setting<unknown>, dataDir),
  ]);
  const config = Object.fromEntries(entries) as Config;
  checkMail(config);
  checkStorage(config);
  checkPlanRetention(config);
  checkBackup(config);
  return config;
}

function checkStorage({ storage, storagePrevious, s3Bucket, downloads }: Config): void {
  if (storage === storagePrevious) {
    throw new ConfigError(
      `${settings.storagePrevious.environment} must differ from ${settings.storage.environment}, which is ${storage}`,
    );
  }
  if ((storage === 's3' || storagePrevious === 's3') && s3Bucket === '')
    throw new ConfigError(`${settings.s3Bucket.environment} must be set to store in a bucket`);
  if (downloads === 'storage' && storage !== 's3')
    throw new ConfigError(
      `${settings.downloads.environment}=storage needs ${settings.storage.environment}=s3`,
    );
}

function checkBackup({ backupTo, backupAt, backupPassword, backupKeyFile }: Config): void {
  if (backupAt.length > 0 && backupTo === '')
    throw new ConfigError(
      `${settings.backupTo.environment} must be set if ${settings.backupAt.environment} is: it says where backups are kept`,
    );
  if (backupPassword !== '' && backupKeyFile !== '')
    throw new ConfigError(
      `only one of ${settings.backupPassword.environment} and ${settings.backupKeyFile.environment} may be set`,
    );
}

function checkPlanRetention({ plans, planRetentionDays }: Config): void {
  const unknown = [...planRetentionDays.keys()].filter((name) => !plans.has(name));
  if (unknown.length === 0) return;
  throw new ConfigError(
    `${settings.planRetentionDays.environment} names the plan "${unknown.join(', ')}", but ${settings.plans.environment} has only ${[...plans.keys()].join(', ')}`,
  );
}

/** A letter needs a sender, and its link an address that no request can choose. */
function checkMail({ smtpUrl, mailFrom, publicUrl }: Config): void {
  if (smtpUrl === '') return;
  for (const [name, value] of Object.entries({ mailFrom, publicUrl }) as [SettingName, string][]) {
    if (value !== '') continue;
    throw new ConfigError(
      `${settings[name].environment} must be set if ${settings.smtpUrl.environment} is: it appears in the letters`,
    );
  }
}
