/** Which files the dependencies of a Python package come from. */
import { describe, expect, test } from 'vitest';
import { readPythonManifest } from '../../src/manifests/python-manifest.ts';
import { folderWith } from '../workers/folders.ts';

const pyproject = `
[project]
name = "worker"
dependencies = ["six>=1.16", "idna ; python_version >= '3.9'"]
`;

const uvLock = `
version = 1
[[package]]
name = "worker"
version = "0.1.0"
source = { virtual = "." }
[[package]]
name = "six"
version = "1.16.0"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "numpy"
version = "1.26.0"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "numpy"
version = "2.0.0"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "elsewhere"
version = "1.0"
source = { git = "https://example.com/a.git" }
[[package]]
name = "hostile"
version = "1.0\\n--index-url=https://example.com"
source = { registry = "https://pypi.org/simple" }
`;

async function read(files: Record<string, string>) {
  return readPythonManifest(await folderWith(files));
}

describe('without requirements.txt', () => {
  test('pyproject.toml is read, with the versions in uv.lock', async () => {
    await expect(read({ 'pyproject.toml': pyproject, 'uv.lock': uvLock })).resolves.toEqual({
      file: 'pyproject.toml',
      requirements: ['six>=1.16', "idna ; python_version >= '3.9'"],
      constraints: ['six==1.16.0'],
      flags: [],
      uvProject: { 'pyproject.toml': pyproject, 'uv.lock': uvLock },
      problems: [],
    });
  });

  test('a dependency from a URL in pyproject.toml is refused, with its location', async () => {
    const content = '[project]\ndependencies = ["six", "a @ https://example.com/a.whl", 7]';
    const { problems } = await read({ 'pyproject.toml': content });
    expect(problems).toMatchObject([
      {
        kind: 'refused',
        field: 'project.dependencies[1]',
        reason: expect.stringMatching(/not from a URL/),
      },
      { kind: 'refused', field: 'project.dependencies[2]' },
    ]);
  });

  test.for([
    ['a Poetry table', 'pyproject.toml', '[tool.poetry.dependencies]\nsix = "^1"'],
    ['a Poetry lock file', 'poetry.lock', ''],
    ['a Pipfile', 'Pipfile', ''],
    ['setup.py', 'setup.py', ''],
  ] as const)('%s is ignored with a warning', async ([, file, content]) => {
    const { requirements, problems } = await read({ [file]: content });
    expect(requirements).toEqual([]);
    expect(problems).toEqual([
      expect.objectContaining({ kind: 'ignored', file, reason: expect.stringMatching(/^is not read: /) }),
    ]);
  });

  test('an error in broken TOML contains the location', async () => {
    await expect(read({ 'pyproject.toml': '[project\n' })).rejects.toThrow(
      /^pyproject\.toml is not valid TOML: /,
    );
    const deep = `a = ${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    await expect(read({ 'pyproject.toml': deep })).rejects.toThrow(/^pyproject\.toml is not valid TOML: /);
  });
});

describe('with requirements.txt', () => {
  test('pyproject.toml and uv.lock are not read', async () => {
    const files = { 'requirements.txt': 'requests', 'pyproject.toml': pyproject, 'uv.lock': uvLock };
    await expect(read(files)).resolves.toMatchObject({
      file: 'requirements.txt',
      requirements: ['requests'],
      constraints: [],
      problems: [{ kind: 'ignored', file: 'uv.lock' }],
    });
  });

  test.for(['.', '-e .'])('its line "%s" adds the dependencies in pyproject.toml', async (line) => {
    const files = { 'requirements.txt': `requests\n${line}\n`, 'pyproject.toml': pyproject };
    const { requirements } = await read(files);
    expect(requirements).toEqual(['requests', 'six>=1.16', "idna ; python_version >= '3.9'"]);
  });
});
