import type { Command } from 'commander';
import { templateNames } from '../templates/template-names.ts';
import type { InitFlags } from './create-worker-folder.ts';

export function addInitCommand(program: Command): void {
  program
    .command('init')
    .argument('<folder>', 'folder to create; it may exist, but must be empty')
    .description('Create the folder of a worker from a template, with the SDK.')
    .option('--template <name>', `one of ${templateNames.join(', ')}`, templateNames[0])
    .action(async (folder: string, flags: InitFlags) => {
      const { createWorkerFolder } = await import('./create-worker-folder.ts');
      await createWorkerFolder(folder, flags);
    });
}
