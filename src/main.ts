#!/usr/bin/env node
/** The `chela` command. */
import { Command } from 'commander';
import { ConfigError } from './configuration/configuration.ts';
import { addCommands, CommandError, outliveLostOutput } from './commands/commands.ts';
import { DataFolderInUseError } from './host/data-folder.ts';
import { version } from './version.ts';

const program = new Command('chela')
  .description('Runs scraper and automation workers, and serves the CoreClaw API v2.')
  .version(version);
addCommands(program);

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
