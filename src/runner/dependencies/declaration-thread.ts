/** The thread that reads the dependency declarations of packages. */
import { throwRefused } from '../../manifests/manifest-problem.ts';
import { readNodeDeclaration } from '../../manifests/node-manifest.ts';
import { readNodeRequest } from '../../manifests/node-version.ts';
import { readPythonManifest, type PythonManifest } from '../../manifests/python-manifest.ts';
import { readPythonVersion } from '../../manifests/python-version.ts';
import { serveTasks } from '../../threads/serve-tasks.ts';
import type { DeclarationTask } from './declaration-reader.ts';
import { localLock, localOtherLock } from './lock-file.ts';

async function readPython(packageDir: string): Promise<PythonManifest> {
  const manifest = await readPythonManifest(packageDir);
  throwRefused(manifest.problems);
  return manifest;
}

serveTasks(async (task: DeclarationTask) => {
  switch (task.kind) {
    case 'node-request':
      return readNodeRequest(task.packageDir, task.entry);
    case 'node':
      return readNodeDeclaration(task.packageDir, task.rules);
    case 'python-version':
      return readPythonVersion(task.packageDir);
    case 'python':
      return readPython(task.packageDir);
    case 'other-lock':
      return localOtherLock(task.text, task.places);
    case 'lock':
      return localLock(task.text, task.places);
    default:
      return task satisfies never;
  }
});
