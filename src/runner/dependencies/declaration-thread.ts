/** The thread that reads what packages say of their dependencies. */
import { serveTasks } from '../../threads/serve-tasks.ts';
import type { DeclarationTask } from './declaration-reader.ts';
import { localLock } from './lock-file.ts';
import { readNodeDeclaration } from './node-manifest.ts';
import { readRequirements } from './requirements.ts';

serveTasks(async (task: DeclarationTask) => {
  switch (task.kind) {
    case 'node':
      return readNodeDeclaration(task.packageDir, task.rules);
    case 'python':
      return readRequirements(task.packageDir);
    case 'lock':
      return localLock(task.text, task.places);
    default:
      return task satisfies never;
  }
});
