import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { readPythonVersion, type PythonRequest } from '../../src/manifests/python-version.ts';
import { PythonInterpreters } from '../../src/runner/dependencies/python-interpreter.ts';
import { folderWith, temporaryFolder } from '../workers/folders.ts';

/** A command that describes itself as this Python. */
async function addPython(folder: string, name: string, full: string): Promise<string> {
  const version = full.split('.').slice(0, 2).join('.');
  const stdlib = await folderWith({ 'marker.py': full });
  const description = { executable: '/bin/true', version, full, stdlib, libraryDir: '', library: null };
  const command = path.join(folder, name);
  await mkdir(folder, { recursive: true });
  await writeFile(
    command,
    `#!/bin/sh\necho asked >> ${command}.log\necho '${JSON.stringify(description)}'\n`,
  );
  await chmod(command, 0o755);
  return command;
}

async function requestOf(text: string): Promise<PythonRequest | undefined> {
  return (await readPythonVersion(await folderWith({ '.python-version': text }))).request;
}

test('the configured Python is used if it suits, otherwise the newest of the host that does', async () => {
  const folder = await temporaryFolder();
  const command = await addPython(path.join(folder, 'own'), 'python3', '3.11.2 (main)');
  const onPath = path.join(folder, 'path');
  const older = await addPython(onPath, 'python3.11', '3.11.9 (main)');
  await addPython(onPath, 'python3.12', '3.12.1 (main)');
  await addPython(path.join(folder, 'pyenv/versions/3.12.7/bin'), 'python3.12', '3.12.7 (main)');
  // As the shims of pyenv do for a version that is not selected.
  await writeFile(path.join(onPath, 'python3.13'), '#!/bin/sh\nexit 127\n', { mode: 0o755 });
  vi.stubEnv('PATH', `${onPath}:${process.env['PATH']}`);
  vi.stubEnv('PYENV_ROOT', path.join(folder, 'pyenv'));
  onTestFinished(() => void vi.unstubAllEnvs());

  const interpreters = new PythonInterpreters({ cacheDir: path.join(folder, 'cache'), command });
  const own = await interpreters.prepare();
  expect(own).toMatchObject({ version: '3.11', numbers: [3, 11, 2], command });
  expect(await interpreters.prepare(await requestOf('3.11'))).toBe(own);

  const other = await interpreters.prepare(await requestOf('3.12'));
  expect(other).toMatchObject({ version: '3.12', numbers: [3, 12, 7] });
  expect(await readFile(path.join(other.folder, 'lib/python3.12/marker.py'), 'utf8')).toBe('3.12.7 (main)');

  // Each start of a subtask prepares; the commands of the host are not run each time.
  expect(await interpreters.prepare(await requestOf('3.12'))).toBe(other);
  expect(await readFile(`${older}.log`, 'utf8')).toBe('asked\n');

  await expect(interpreters.prepare(await requestOf('3.99'))).rejects.toThrow(
    /^\.python-version asks for Python "3\.99", but this machine has only .*3\.11\.2.*3\.12\.7.*: change the declaration, or ask the operator/,
  );
});
