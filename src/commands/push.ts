import type { Command } from 'commander';
import { apiOptions } from './api-options.ts';
import type { PushFlags } from './push-package.ts';

export function addPushCommand(program: Command): void {
  program
    .command('push')
    .argument('[folder]', 'folder of the worker package')
    .description(
      'Publish a folder or a git repository as a new worker, or as a new version of an existing one.',
    )
    .option(
      '--git <url>',
      'https or ssh URL of a git repository to publish instead of a folder; append #branch, #tag or #commit to select one',
    )
    .option('--git-folder <path>', 'folder of the package within the repository (default: the root)')
    .option(...apiOptions.url)
    .option(...apiOptions.key)
    .option('--name <name>', 'name of the worker (default: the name in package.json, or of the folder)')
    .option('--title <title>', 'title of the worker')
    .option('--description <text>', 'what the worker does')
    .option('--wait', 'wait until the dependencies are installed; fail if they cannot be')
    .option('--dry-run', 'only list the files of a folder that would be published, with their sizes')
    .action(async (folder: string | undefined, flags: PushFlags) => {
      const { push } = await import('./push-package.ts');
      await push(folder, flags);
    });
}
