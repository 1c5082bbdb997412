/** The program `chela`, with every subcommand. A command loads what it runs only once it is called. */
import { Command } from 'commander';
import { ConfigError } from '../configuration/configuration.ts';
import { DataFolderInUseError, DataFolderNotWritableError } from '../host/data-folder.ts';
import { version } from '../version.ts';
import { addApiCommand } from './api.ts';
import { addBackupCommand } from './backup.ts';
import { CommandError } from './command-error.ts';
import { addInitCommand } from './init.ts';
import { addKeysCommand } from './keys.ts';
import { outliveLostOutput } from './printing.ts';
import { addPushCommand } from './push.ts';
import { addRestoreCommand } from './restore.ts';
import { addRetentionCommand } from './retention.ts';
import { addRunnerCommand } from './runner.ts';
import { addSetUpLinkCommand } from './set-up-link.ts';
import { addStorageCommand } from './storage.ts';
import { addUpCommand } from './up.ts';
import { addUpgradeCommand } from './upgrade.ts';
import { addVersionsCommand } from './versions.ts';

function makeProgram(): Command {
  const program = new Command('chela')
    .description('Runs scraper and automation workers, and serves the CoreClaw API v2.')
    .version(version)
    // Flags belong to the command that they follow, also to one of a command's own commands.
    .enablePositionalOptions();
  // In the order of the help.
  addUpCommand(program);
  addApiCommand(program);
  addRunnerCommand(program);
  addInitCommand(program);
  addPushCommand(program);
  addVersionsCommand(program);
  addKeysCommand(program);
  addSetUpLinkCommand(program);
  addStorageCommand(program);
  addRetentionCommand(program);
  addBackupCommand(program);
  addRestoreCommand(program);
  addUpgradeCommand(program);
  return program;
}

/** Runs the command line of this process. An error that the user can mend becomes one line and exit code 1. */
export async function runProgram(): Promise<void> {
  outliveLostOutput();
  try {
    await makeProgram().parseAsync();
  } catch (error) {
    const isExpected =
      error instanceof ConfigError ||
      error instanceof CommandError ||
      error instanceof DataFolderInUseError ||
      error instanceof DataFolderNotWritableError;
    if (!isExpected) throw error;
    process.stderr.write(`chela: ${error.message}\n`);
    process.exitCode = 1;
  }
}
