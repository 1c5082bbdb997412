/**
 * Every setting of the platform, by group. Each has its flag, its environment variable, its default, its check and the
 * sentence that documents it. `docs/configuration.md` is generated from these tables; nothing else reads the environment.
 */
import { accountsSettings } from './settings/accounts.ts';
import { apiSettings } from './settings/api.ts';
import { browsersSettings } from './settings/browsers.ts';
import { callbacksSettings } from './settings/callbacks.ts';
import { databaseSettings } from './settings/database.ts';
import { dependenciesSettings } from './settings/dependencies.ts';
import { networkSettings } from './settings/network.ts';
import { packagesSettings } from './settings/packages.ts';
import { resultsSettings } from './settings/results.ts';
import { retentionSettings } from './settings/retention.ts';
import { runsSettings } from './settings/runs.ts';
import { sandboxSettings } from './settings/sandbox.ts';
import { serverSettings } from './settings/server.ts';

/** In the order of the page. */
export const settingGroups = [
  {
    title: 'Server',
    describe: 'Where data lies, what the API listens on, and what the platform writes about itself.',
    settings: serverSettings,
  },
  {
    title: 'API',
    describe: 'What one request may ask for, and how long its answers may take.',
    settings: apiSettings,
  },
  {
    title: 'Database',
    describe: 'The PostgreSQL that holds everything but files.',
    settings: databaseSettings,
  },
  {
    title: 'Accounts',
    describe: 'Who may do what, how much, and at which price.',
    settings: accountsSettings,
  },
  {
    title: 'Worker packages',
    describe: 'What may be uploaded or imported from git.',
    settings: packagesSettings,
  },
  {
    title: 'Dependencies',
    describe: 'How the dependencies of a version are installed.',
    settings: dependenciesSettings,
  },
  {
    title: 'Runs',
    describe: 'How runs are split, what they may use and what becomes of them when a runner is lost.',
    settings: runsSettings,
  },
  {
    title: 'Results and logs',
    describe: 'How much a run may store, and how exports are made.',
    settings: resultsSettings,
  },
  {
    title: 'Sandbox',
    describe: 'How subtasks are isolated, and what each may take of its machine.',
    settings: sandboxSettings,
  },
  { title: 'Network', describe: 'What workers reach, and through which proxy.', settings: networkSettings },
  { title: 'Browsers', describe: 'Chromium for workers that ask for one.', settings: browsersSettings },
  {
    title: 'Callbacks',
    describe: 'How the URLs that runs name are told of them.',
    settings: callbacksSettings,
  },
  { title: 'Retention', describe: 'How long things are kept.', settings: retentionSettings },
] as const;

export const settings = {
  ...serverSettings,
  ...apiSettings,
  ...databaseSettings,
  ...accountsSettings,
  ...packagesSettings,
  ...dependenciesSettings,
  ...runsSettings,
  ...resultsSettings,
  ...sandboxSettings,
  ...networkSettings,
  ...browsersSettings,
  ...callbacksSettings,
  ...retentionSettings,
} as const;
