/** Gives commands of the operator access to the accounts in the database of a running platform. */
import { Accounts } from '../accounts/accounts.ts';
import type { Config } from '../configuration/configuration.ts';
import { Events } from '../events/events.ts';
import { withDatabase } from './with-database.ts';

/** @throws CommandError */
export async function withAccounts(
  config: Config,
  work: (accounts: Accounts) => Promise<void>,
): Promise<void> {
  await withDatabase(config, (database, logger) =>
    work(new Accounts({ database, config, events: new Events(logger) })),
  );
}
