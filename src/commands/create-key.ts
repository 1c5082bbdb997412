/** Creates an API key of the admin account in the database of a running platform. */
import { adminAccountName } from '../accounts/accounts.ts';
import type { Config } from '../configuration/configuration.ts';
import { print } from './printing.ts';
import { withAccounts } from './with-accounts.ts';

/** @throws CommandError */
export async function createAdminKey(name: string, config: Config): Promise<void> {
  await withAccounts(config, async (accounts) => {
    const admin = await accounts.ensure(adminAccountName);
    const key = await accounts.createKey(admin.id, name);
    await print(key).catch(async (error: unknown) => {
      // The key was never printed, so nobody can use it.
      await accounts.revokeKey(key);
      throw error;
    });
  });
}
