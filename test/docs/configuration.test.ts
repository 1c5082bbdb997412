import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import {
  ConfigError,
  flagOf,
  readConfig,
  settings,
  type SettingName,
} from '../../src/configuration/configuration.ts';
import { configurationPage } from '../../src/configuration/configuration-page.ts';

test('docs/configuration.md is generated from the table of settings (npm run docs)', async () => {
  const page = await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  expect(page).toBe(configurationPage());
});

test('every setting has its own environment name', () => {
  const names = Object.values(settings).map(({ environment }) => environment);
  expect(new Set(names).size).toBe(names.length);
});

test('a flag wins over the environment, the environment over the default', () => {
  expect(readConfig({}).port).toBe(8080);
  expect(readConfig({ CHELA_PORT: '9000' }).port).toBe(9000);
  expect(readConfig({ CHELA_PORT: '9000' }, { port: '9001' }).port).toBe(9001);
});

test('an empty environment variable counts as absent', () => {
  expect(readConfig({ CHELA_PORT: '' }).port).toBe(8080);
});

test.each<[SettingName, string, string]>([
  ['port', '80x', 'CHELA_PORT must be a whole number from 0 to 65535, got "80x"'],
  ['port', '65536', 'CHELA_PORT must be a whole number from 0 to 65535, got "65536"'],
  ['sandbox', 'docker?', 'CHELA_SANDBOX must be one of bubblewrap, docker, process, got "docker?"'],
  ['strictRunMonth', 'maybe', 'CHELA_STRICT_RUN_MONTH must be true or false, got "maybe"'],
  [
    'trustedProxies',
    '10.0.0.0/33',
    'CHELA_TRUSTED_PROXIES must be a comma-separated list of addresses and CIDR ranges, such as 127.0.0.1,10.0.0.0/8, got "10.0.0.0/33"',
  ],
  ['publicUrl', 'example.com', 'CHELA_PUBLIC_URL must be an http or https URL, got "example.com"'],
  [
    'databaseUrl',
    'mysql://u:secret@h/d',
    'DATABASE_URL must be a URL that starts with postgres:// or postgresql://',
  ],
  ['apiKey', 'short', 'CHELA_API_KEY must be 16 to 200 printable characters without spaces'],
])('a wrong %s says what was expected and what it got, without secrets: %s', (name, value, message) => {
  expect(() => readConfig({ [settings[name].environment]: value })).toThrow(new ConfigError(message));
});

test('an earlier name of an environment variable is read if the present one is absent', () => {
  const former = 'CHELA_CALLBACK_ALLOWED_NETWORKS';
  const present = 'CHELA_CALLBACK_ALLOWED_TARGETS';
  expect(readConfig({ [former]: '127.0.0.1' }).callbackAllowedTargets).toEqual(['127.0.0.1']);
  expect(readConfig({ [former]: '127.0.0.1', [present]: '' }).callbackAllowedTargets).toEqual(['127.0.0.1']);
  expect(readConfig({ [former]: '127.0.0.1', [present]: '10.0.0.1:80' }).callbackAllowedTargets).toEqual([
    '10.0.0.1:80',
  ]);
  expect(() => readConfig({ [former]: 'nonsense/99' })).toThrow(
    `${former} must be a comma-separated list of addresses, CIDR ranges or host:port, got "nonsense/99"`,
  );
});

test('a wrong flag is reported by its name', () => {
  expect(() => readConfig({}, { runnerSlots: '0' })).toThrow(
    new ConfigError('--runner-slots must be a whole number from 1 to 10000, got "0"'),
  );
  expect(flagOf('runnerSlots')).toBe('--runner-slots');
});
