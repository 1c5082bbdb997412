/** Runs API and runner in this process. The first start creates a key and runs a worker. */
import { adminAccountName, durationText } from '../accounts/accounts.ts';
import type { Config } from '../configuration/configuration.ts';
import { ChelaError } from '../errors.ts';
import type { Platform } from '../platform/platform.ts';
import { parseRunSchema } from '../runs/runs.ts';
import { defaultInput } from '../workers/workers.ts';
import { publishBundledWorkers } from '../workers/bundled-workers.ts';
import { say } from './printing.ts';
import { runPlatform } from './run-platform.ts';

const welcomeWorker = 'chela~hello';

/** Resolves once the platform is running. It keeps running until a signal arrives. */
export async function runWholePlatform(config: Config): Promise<void> {
  let newKey: string | undefined;
  await runPlatform({
    config,
    parts: { api: true, runner: true },
    onProgress: (step) => say(`chela: ${step} …`),
    prepare: async (platform) => {
      say('chela: publishing the bundled workers …');
      await publishBundledWorkers(platform);
      newKey = await firstKey(platform);
    },
    onReady: async (platform, address = '') => {
      const hasWelcomeRun = newKey !== undefined && (await startWelcomeRun(platform));
      const setupLink = await setupLinkLine(platform, address);
      printNextSteps({ address, newKey, givenKey: platform.config.apiKey, hasWelcomeRun, setupLink });
    },
  });
}

/** Creates the admin account's key on first start. @returns undefined if it has one */
async function firstKey(platform: Platform): Promise<string | undefined> {
  const admin = await platform.accounts.ensure(adminAccountName);
  if (await platform.accounts.hasKeys(admin.id)) return undefined;
  const { apiKey } = platform.config;
  return platform.accounts.createKey(admin.id, 'first key', apiKey === '' ? {} : { key: apiKey });
}

/** @returns false if the account's plan does not admit the run */
async function startWelcomeRun(platform: Platform): Promise<boolean> {
  const { id: accountId } = await platform.accounts.ensure(adminAccountName);
  const worker = await platform.workers.get(accountId, welcomeWorker);
  const { input_schema: schemaText } = await platform.workers.version(worker);
  const input = { parameters: { custom: defaultInput(parseRunSchema(schemaText)) } };
  try {
    await platform.runs.submit({ accountId, workerId: welcomeWorker, input, origin: 'cli' });
    return true;
  } catch (error) {
    if (error instanceof ChelaError) return false;
    throw error;
  }
}

/** A line with a new set-up link for the admin account; none once the account has a password. */
async function setupLinkLine({ accounts, config }: Platform, address: string): Promise<string> {
  const admin = await accounts.ensure(adminAccountName);
  if (await accounts.hasPassword(admin.id)) return '';
  const token = await accounts.setupLinks.create(admin.id);
  const lifetime = durationText(config.setupLinkLifetimeSeconds);
  return `\n  Set-up    ${config.publicUrl || address}/setup?token=${token}   (works once, within ${lifetime})`;
}

interface NextSteps {
  readonly address: string;
  readonly newKey: string | undefined;
  readonly givenKey: string;
  readonly hasWelcomeRun: boolean;
  readonly setupLink: string;
}

function printNextSteps({ address, newKey, givenKey, hasWelcomeRun, setupLink }: NextSteps): void {
  const isGiven = newKey !== undefined && newKey === givenKey;
  const shownKey = newKey === undefined ? 'YOUR_API_KEY' : isGiven ? '$CHELA_API_KEY' : newKey;
  const keyLine =
    newKey === undefined
      ? '  API key   printed on first start; create another with "npx chela keys create NAME"'
      : isGiven
        ? '  API key   the value of CHELA_API_KEY'
        : `  API key   ${newKey}   (shown only once: keep it safe)`;
  const runLine = hasWelcomeRun
    ? 'A first run of chela/hello has started. Get its status:'
    : 'Get the last run of chela/hello:';
  say(`
Chela is running.

  URL       ${address}
${keyLine}${setupLink}

${runLine}

  curl -H "Authorization: Bearer ${shownKey}" ${address}/api/v2/workers/${welcomeWorker}/runs/last

Ctrl+C stops it.`);
}
