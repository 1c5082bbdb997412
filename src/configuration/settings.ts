/**
 * Every setting of the platform, by group. Each has its flag, its environment variable, its default, its check and the
 * sentence that documents it. `docs/configuration.md` is generated from these tables; nothing else reads the environment.
 */
import { accountsSettings } from './settings/accounts.ts';
import { apiSettings } from './settings/api.ts';
import { backupSettings } from './settings/backup.ts';
import { browsersSettings } from './settings/browsers.ts';
import { callbacksSettings } from './settings/callbacks.ts';
import { databaseSettings } from './settings/database.ts';
import { dependenciesSettings } from './settings/dependencies.ts';
import { filesSettings } from './settings/files.ts';
import { mailSettings } from './settings/mail.ts';
import { monitoringSettings } from './settings/monitoring.ts';
import { networkSettings } from './settings/network.ts';
import { packagesSettings } from './settings/packages.ts';
import { resultsSettings } from './settings/results.ts';
import { retentionSettings } from './settings/retention.ts';
import { runsSettings } from './settings/runs.ts';
import { sandboxSettings } from './settings/sandbox.ts';
import { serverSettings } from './settings/server.ts';
import { spaceSettings } from './settings/space.ts';
import { storageSettings } from './settings/storage.ts';

/** In the order of the page. */
export const settingGroups = [
  {
    title: 'Server',
    describe: 'Where data is stored, which address the API listens on, and what the platform logs.',
    settings: serverSettings,
  },
  {
    title: 'API',
    describe: 'Limits of one request, and how long links work.',
    settings: apiSettings,
  },
  {
    title: 'Database',
    describe: 'The PostgreSQL server that stores everything except files.',
    settings: databaseSettings,
  },
  {
    title: 'Storage',
    describe: 'Where worker packages, exports, icons and files of runs are stored.',
    settings: storageSettings,
  },
  {
    title: 'Accounts',
    describe: 'API keys, sign-in, plans and prices.',
    settings: accountsSettings,
  },
  {
    title: 'Mail',
    describe: 'The server that sends set-up links to people who forgot their password.',
    settings: mailSettings,
  },
  {
    title: 'Worker packages',
    describe: 'Limits of uploaded packages, and import from git.',
    settings: packagesSettings,
  },
  {
    title: 'Dependencies',
    describe: 'How the dependencies of a version are installed.',
    settings: dependenciesSettings,
  },
  {
    title: 'Runs',
    describe: 'How many subtasks a run may have, what each may use, and what happens when a runner is lost.',
    settings: runsSettings,
  },
  {
    title: 'Results and logs',
    describe: 'How much a run may store, and how exports are created.',
    settings: resultsSettings,
  },
  {
    title: 'Files and stores',
    describe: 'How much workers may keep beside rows.',
    settings: filesSettings,
  },
  {
    title: 'Sandbox',
    describe: 'How subtasks are isolated, and how much of the machine each may use.',
    settings: sandboxSettings,
  },
  {
    title: 'Network',
    describe: 'What workers can reach, and through which proxy.',
    settings: networkSettings,
  },
  { title: 'Browsers', describe: 'Chromium for workers that use a browser.', settings: browsersSettings },
  {
    title: 'Callbacks',
    describe: 'How status changes are delivered to the callback URLs of runs.',
    settings: callbacksSettings,
  },
  { title: 'Retention', describe: 'How long data is kept.', settings: retentionSettings },
  {
    title: 'Space',
    describe: 'When Chela stops to begin work, before a disk is full.',
    settings: spaceSettings,
  },
  {
    title: 'Monitoring',
    describe: 'Figures and states for monitoring and autoscalers. See [operating.md](operating.md).',
    settings: monitoringSettings,
  },
  {
    title: 'Backups',
    describe: 'Copies of the database and of everything that is stored beside it.',
    settings: backupSettings,
  },
] as const;

export const settings = {
  ...serverSettings,
  ...apiSettings,
  ...databaseSettings,
  ...storageSettings,
  ...accountsSettings,
  ...mailSettings,
  ...packagesSettings,
  ...dependenciesSettings,
  ...runsSettings,
  ...resultsSettings,
  ...filesSettings,
  ...sandboxSettings,
  ...networkSettings,
  ...browsersSettings,
  ...callbacksSettings,
  ...retentionSettings,
  ...spaceSettings,
  ...monitoringSettings,
  ...backupSettings,
} as const;
