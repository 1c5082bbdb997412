#!/usr/bin/env node
/** The `chela` command. */
import { Command } from 'commander';
import { ConfigError } from './configuration/configuration.ts';
import { CommandError } from './commands/command-error.ts';
import { outliveLostOutput } from './commands/printing.ts';
import { addApiCommand } from './commands/api.ts';
import { addKeysCommand } from './commands/keys.ts';
import { addPushCommand } from './commands/push.ts';
import { addRunnerCommand } from './commands/runner.ts';
import { addUpCommand } from './commands/up.ts';
import { DataFolderInUseError } from './host/data-folder.ts';
import { version } from './version.ts';

const program = new Command('chela')
  .description('Runs scraper and automation workers, and serves the CoreClaw API v2.')
  .version(version);
addUpCommand(program);
addApiCommand(program);
addRunnerCommand(program);
addPushCommand(program);
addKeysCommand(program);

outliveLostOutput();
try {
  await program.parseAsync();
} catch (error) {
  const isExpected =
    error instanceof ConfigError || error instanceof CommandError || error instanceof DataFolderInUseError;
  if (!isExpected) throw error;
  process.stderr.write(`chela: ${error.message}\n`);
  process.exitCode = 1;
}
