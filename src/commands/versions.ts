import type { Command } from 'commander';
import type { ApiFlags } from './api-call.ts';
import { apiOptions } from './api-options.ts';

export function addVersionsCommand(program: Command): void {
  const versions = program
    .command('versions')
    .description('List the versions of a worker, and choose the current one.');
  versions
    .command('list')
    .argument('<worker>', 'slug of the worker, or owner~name')
    .description('List the versions of a worker, newest first, with the state of their dependencies.')
    .option(...apiOptions.url)
    .option(...apiOptions.key)
    .action(async (worker: string, flags: ApiFlags) => {
      const { listVersions } = await import('./worker-versions.ts');
      await listVersions(worker, flags);
    });
  versions
    .command('make-current')
    .argument('<worker>', 'slug of the worker, or owner~name')
    .argument('<version>', 'version to use from now on, such as v1.0.2')
    .description(
      'Make a version current: runs and tasks that name no version use it. This is also how to roll back.',
    )
    .option(...apiOptions.url)
    .option(...apiOptions.key)
    .action(async (worker: string, version: string, flags: ApiFlags) => {
      const { makeVersionCurrent } = await import('./worker-versions.ts');
      await makeVersionCurrent(worker, version, flags);
    });
}
