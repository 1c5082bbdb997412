/** Which files of a folder `chela push` publishes. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { listPublishedFiles } from '../../src/workers/published-files.ts';
import { folderWith } from './folders.ts';

async function published(
  files: Record<string, unknown>,
  below = '',
): Promise<{ files: string[]; leftOut: string[] }> {
  const list = await listPublishedFiles(path.join(await folderWith(files), below));
  return { files: list.files.map((file) => file.path), leftOut: [...list.leftOut].toSorted() };
}

describe('the published files', () => {
  test('are all but ignored files, generated files and secrets', async () => {
    const list = await published({
      'main.py': 'x',
      '.gitignore': '/cookies.json\n*.log\n!keep.log\n',
      'cookies.json': 'secret',
      'lib/cookies.json': 'data',
      'a.log': 'x',
      'keep.log': 'x',
      '.env': 'secret',
      '.env.local': 'secret',
      'node_modules/x/i.js': 'x',
      '__pycache__/main.pyc': 'x',
      'env/pyvenv.cfg': 'x',
      'env/lib/six.py': 'x',
      '.git/HEAD': 'x',
      '.DS_Store': 'x',
    });
    expect(list.files).toEqual(['.gitignore', 'keep.log', 'lib/cookies.json', 'main.py']);
    expect(list.leftOut).toEqual([
      '.DS_Store',
      '.env',
      '.env.local',
      '.git/',
      '__pycache__/',
      'a.log',
      'cookies.json',
      'env/',
      'node_modules/',
    ]);
  });

  test('can be changed by a .chelaignore, which can also include files that are otherwise left out', async () => {
    const { files } = await published({
      'main.js': 'x',
      '.gitignore': 'dist/\n',
      '.chelaignore': '!dist/\nnotes/\n!node_modules\n',
      'dist/bundle.js': 'x',
      'notes/a.md': 'x',
      'node_modules/own/i.js': 'x',
    });
    expect(files).toEqual([
      '.chelaignore',
      '.gitignore',
      'dist/bundle.js',
      'main.js',
      'node_modules/own/i.js',
    ]);
  });

  test('follow the ignore files in folders for the files below them', async () => {
    const { files } = await published({
      '.gitignore': '*.csv\n',
      'data/.gitignore': '/raw.txt\n!small.csv\n',
      'data/small.csv': 'x',
      'data/large.csv': 'x',
      'data/raw.txt': 'x',
      'data/deep/raw.txt': 'x',
      'raw.txt': 'x',
      'small.csv': 'x',
    });
    expect(files).toEqual([
      '.gitignore',
      'data/.gitignore',
      'data/deep/raw.txt',
      'data/small.csv',
      'raw.txt',
    ]);
  });

  test('follow the ignore files of the git repository that contains the folder', async () => {
    const repository = {
      '.git/HEAD': 'x',
      '.gitignore': 'cookies.json\n/workers/one/secret.txt\n/workers/two\n',
      'workers/one/main.py': 'x',
      'workers/one/cookies.json': 'x',
      'workers/one/secret.txt': 'x',
      'workers/two/main.py': 'x',
    };
    expect((await published(repository, 'workers/one')).files).toEqual(['main.py']);
    // The repository ignores this folder, but the user names it explicitly.
    expect((await published(repository, 'workers/two')).files).toEqual(['main.py']);
  });

  test('include copies of what links within the folder lead to', async () => {
    const folder = await folderWith({
      'main.py': 'x',
      'lib/a.py': 'x',
      'lib/.gitignore': 'b.py',
      'lib/b.py': 'x',
    });
    await symlink('lib', path.join(folder, 'copy'));
    await symlink('main.py', path.join(folder, 'start.py'));
    const { files } = await listPublishedFiles(folder);
    const names = files.map((file) => file.path);
    expect(names).toEqual([
      'copy/.gitignore',
      'copy/a.py',
      'lib/.gitignore',
      'lib/a.py',
      'main.py',
      'start.py',
    ]);
  });
});

test('a link to a place outside the folder is refused, unless it is ignored', async () => {
  const folder = await folderWith({ 'main.py': 'x' });
  await symlink('/etc/hostname', path.join(folder, 'host'));
  await expect(listPublishedFiles(folder)).rejects.toThrow('"host" is a link to a place outside the folder');
  await writeFile(path.join(folder, '.gitignore'), 'host\n');
  expect((await listPublishedFiles(folder)).leftOut).toEqual(['host']);
});

test('a link to a folder that contains it is refused', async () => {
  const folder = await folderWith({ 'main.py': 'x' });
  await mkdir(path.join(folder, 'lib'));
  await symlink('../lib', path.join(folder, 'lib/again'));
  await expect(listPublishedFiles(folder)).rejects.toThrow(
    '"lib/again" is a link to a folder that contains it',
  );
});
