import { expect, test } from 'vitest';
import { readPythonVersion, suits } from '../../src/manifests/python-version.ts';
import { folderWith } from '../workers/folders.ts';

const pythons = ['3.9.18', '3.10.13', '3.11.2', '3.12.1', '3.13.0'];

/** The Pythons that suit a package; undefined if it asks for none. */
async function suiting(files: Record<string, string>): Promise<string[] | undefined> {
  const { request } = await readPythonVersion(await folderWith(files));
  if (request === undefined) return undefined;
  return pythons.filter((python) => suits(python.split('.').map(Number), request));
}

test.each<[specifier: string, versions: string[]]>([
  ['>=3.10', ['3.10.13', '3.11.2', '3.12.1', '3.13.0']],
  ['>=3.10, <3.12', ['3.10.13', '3.11.2']],
  ['>3.11, <=3.12.1', ['3.11.2', '3.12.1']],
  ['~=3.12', ['3.12.1', '3.13.0']],
  ['~=3.12.0', ['3.12.1']],
  ['==3.11.*', ['3.11.2']],
  ['!=3.11.*, !=3.9.18, <3.13.0rc1', ['3.10.13', '3.12.1']],
  ['==3.11.2', ['3.11.2']],
  ['>=4', []],
])('requires-python "%s" suits %j', async (specifier, versions) => {
  expect(await suiting({ 'pyproject.toml': `project = {requires-python = "${specifier}"}` })).toEqual(
    versions,
  );
});

test.each<[declaration: string, versions: string[]]>([
  ['^3.12', ['3.12.1', '3.13.0']],
  ['~3.12', ['3.12.1']],
  ['^3.9, <3.11', ['3.9.18', '3.10.13']],
  ['3.11.*', ['3.11.2']],
  ['*', pythons],
])('python = "%s" of Poetry suits %j', async (declaration, versions) => {
  const text = `tool.poetry.dependencies.python = "${declaration}"`;
  expect(await suiting({ 'pyproject.toml': text })).toEqual(versions);
});

test.each<[file: string, text: string, versions: string[]]>([
  ['.python-version', '3.12\n', ['3.12.1']],
  ['.python-version', '\uFEFF# pyenv\r\n3.12.7\r\n3.11\r\n', ['3.12.1']],
  ['.python-version', 'cpython-3.10', ['3.10.13']],
  ['.python-version', 'system', pythons],
  ['runtime.txt', 'python-3.11.9', ['3.11.2']],
])('%s %j suits the minor', async (file, text, versions) => {
  expect(await suiting({ [file]: text })).toEqual(versions);
});

test('.python-version takes precedence over runtime.txt, and both over pyproject.toml', async () => {
  const files = { 'runtime.txt': 'python-3.11', 'pyproject.toml': 'project = {requires-python = "<3.10"}' };
  expect(await suiting(files)).toEqual(['3.11.2']);
  expect(await suiting({ ...files, '.python-version': '3.13' })).toEqual(['3.13.0']);
});

test.each([
  ['.python-version', 'my-environment'],
  ['.python-version', 'pypy3.10-7.3'],
  ['pyproject.toml', 'project = {requires-python = "=>3.9"}'],
])('%s %j is ignored, with a warning', async (file, text) => {
  const folder = await folderWith({ [file]: text });
  expect(await readPythonVersion(folder)).toMatchObject({
    request: undefined,
    problems: [{ kind: 'ignored', file }],
  });
});

test('a package that declares nothing, or a pyproject.toml that cannot be read, asks for none', async () => {
  expect(await suiting({})).toBeUndefined();
  expect(await suiting({ 'pyproject.toml': 'project = {' })).toBeUndefined();
});
