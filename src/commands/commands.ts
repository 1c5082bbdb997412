/** Every subcommand of `chela`. */
import type { Command } from 'commander';
import { addApiCommand } from './api.ts';
import { addKeysCommand } from './keys.ts';
import { addPushCommand } from './push.ts';
import { addRunnerCommand } from './runner.ts';
import { addUpCommand } from './up.ts';

export { CommandError } from './command-error.ts';
export { outliveLostOutput } from './printing.ts';

/** In the order of the help. */
export function addCommands(program: Command): void {
  addUpCommand(program);
  addApiCommand(program);
  addRunnerCommand(program);
  addPushCommand(program);
  addKeysCommand(program);
}
