import type { Command } from 'commander';
import { configOf, addSettings, databaseSettings } from './settings-options.ts';

export function addSetUpLinkCommand(program: Command): void {
  const command = program
    .command('set-up-link')
    .argument('<account>', 'name of the account, such as admin')
    .description(
      'Print a link with which the owner of an account chooses its e-mail address and password, also after forgetting them. It works once. The platform must be running.',
    );
  addSettings(command, [...databaseSettings, 'host', 'port', 'publicUrl', 'setupLinkLifetimeSeconds']);
  command.action(async (account: string, flags: Record<string, string>) => {
    const config = configOf(flags);
    const { createSetupLink } = await import('./create-setup-link.ts');
    await createSetupLink(account, config);
  });
}
