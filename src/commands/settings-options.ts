/** Settings as flags: each command accepts the ones it names and reads the rest from the environment. */
import type { Command } from 'commander';
import {
  flagOf,
  readConfig,
  settings,
  type Config,
  type SettingName,
} from '../configuration/configuration.ts';

export const databaseSettings: readonly SettingName[] = [
  'dataDir',
  'databaseUrl',
  'databasePoolSize',
  'logLevel',
];

/** Settings of commands that keep running. */
export const processSettings: readonly SettingName[] = [
  'databaseWaitSeconds',
  'hangLimitSeconds',
  'metricsPort',
  'metricsHost',
];

export const apiSettings: readonly SettingName[] = [
  'host',
  'port',
  'publicUrl',
  'corsOrigins',
  'rateLimitPerMinute',
  'bodyLimitBytes',
];

export const runnerSettings: readonly SettingName[] = [
  'cacheDir',
  'runnerSlots',
  'sandbox',
  'lostSubtasks',
  'stopGraceSeconds',
];

/** Adds the flags of settings to a command. */
export function addSettings(command: Command, names: readonly SettingName[]): void {
  for (const name of names) {
    const { environment, describe } = settings[name];
    command.option(`${flagOf(name)} <value>`, `${describe} [${environment}]`);
  }
}

/** The configuration from a command's flags and the environment. */
export function configOf(flags: Record<string, string>): Config {
  return readConfig(process.env, flags);
}
