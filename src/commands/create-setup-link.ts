/** Makes a set-up link of an account in the database of a running platform: the way back in for who has no other. */
import { durationText, operator } from '../accounts/accounts.ts';
import type { Config } from '../configuration/configuration.ts';
import { print, say } from './printing.ts';
import { withAccounts } from './with-accounts.ts';

/** @throws CommandError */
export async function createSetupLink(accountName: string, config: Config): Promise<void> {
  await withAccounts(config, async (accounts) => {
    const { token } = await accounts.createSetupLink(accountName, operator);
    await print(`${config.publicUrl || addressOf(config)}/setup?token=${token}`);
    say(
      `Open it to choose the e-mail address and password of ${accountName}. It works once, within ${durationText(config.setupLinkLifetimeSeconds)}.`,
    );
  });
}

/** Where a browser on the same machine finds the API. */
function addressOf({ host, port }: Config): string {
  const isEverywhere = host === '0.0.0.0' || host === '::';
  const name = isEverywhere ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
