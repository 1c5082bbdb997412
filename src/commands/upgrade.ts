import type { Command } from 'commander';
import { CommandError } from './command-error.ts';
import { addSettings, configOf, databaseSettings } from './settings-options.ts';

export function addUpgradeCommand(program: Command): void {
  const upgrade = program
    .command('upgrade')
    .description('Say what a start of this version would change in the database of a running platform.')
    .option('--check', 'only check, which is all that this command does');
  addSettings(upgrade, databaseSettings);
  upgrade.action(async ({ check, ...flags }: Record<string, string> & { check?: true }) => {
    if (check !== true)
      throw new CommandError(
        'the database is upgraded when this version starts: "chela upgrade --check" says what that will change',
      );
    const { checkUpgrade } = await import('./check-upgrade.ts');
    await checkUpgrade(configOf(flags));
  });
}
