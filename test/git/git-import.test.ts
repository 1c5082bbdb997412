import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keepsToAddresses } from '../../src/git/git-process.ts';
import { parseGitUrl } from '../../src/git/git-url.ts';
import { runChela } from '../platform/support/chela-process.ts';
import { packageZip, plainSchema } from '../http/packages.ts';
import { startTestPlatform, type Answer, type TestPlatform } from '../support/test-platform.ts';
import { startGitServer, type GitServer } from './support/git-server.ts';

interface Imported {
  slug: string;
  path: string;
  version: string;
  is_changed?: boolean;
  git: { url: string; ref: string; folder: string; commit: string };
}

let platform: TestPlatform;
let server: GitServer;
let cacheDir: string;
beforeAll(async () => {
  server = await startGitServer();
  cacheDir = await mkdtemp(path.join(tmpdir(), 'chela-git-cache-'));
  platform = await startTestPlatform(
    {
      gitAllowedTargets: [server.host],
      unpackedLimitBytes: 200_000,
      packageLimitBytes: 400_000,
      // A separate folder: imports of other test files leave drafts in the shared one while they run.
      cacheDir,
    },
    { api: true, runner: false },
  );
});
afterAll(async () => {
  await platform.close();
  await rm(cacheDir, { recursive: true, force: true });
  await server.close();
});

const files = (text: string): Record<string, string> => ({
  'main.js': `console.log(${JSON.stringify(text)});\n`,
  'input_schema.json': JSON.stringify(plainSchema),
  'README.md': '# From git\n',
});

async function post(apiPath: string, body: object): Promise<Answer<Imported>> {
  return platform.call<Imported>(apiPath, { method: 'POST', body });
}

async function versionOf(slug: string, version: string): Promise<Record<string, unknown>> {
  return (await platform.call<Record<string, unknown>>(`/workers/${slug}/versions/${version}`)).data;
}

/** A link inside the folder is stored as the file it leads to. */
async function linkWithin(folder: string): Promise<void> {
  await symlink('main.js', path.join(folder, 'workers/two/other.js'));
}

describe('a worker from git', () => {
  let slug: string;
  let first: string;
  beforeAll(async () => {
    first = await server.commit('greeter.git', files('one'), { message: 'First\n\nwith a body' });
    const { data } = await post('/workers/git', { git_url: server.url('greeter.git') });
    slug = data.slug;
  });

  test('is named after its repository, and its version records where it came from', async () => {
    const version = await versionOf(slug, 'v1.0.1');
    expect(version).toMatchObject({
      version: 'v1.0.1',
      is_current: true,
      source: 'git',
      description: 'First',
      git: { url: server.url('greeter.git'), ref: '', folder: '', commit: first },
      install: { status: 'none', err_msg: '' },
    });
    const { data } = await platform.call(`/workers/tester~greeter/internal`);
    expect(data).toMatchObject({ title: 'greeter', version: 'v1.0.1', is_public: false });
  });

  test('is imported again only after it has changed', async () => {
    const same = await post(`/workers/${slug}/git/pull`, {});
    expect(same.data).toMatchObject({ is_changed: false, version: 'v1.0.1', git: { commit: first } });
    const second = await server.commit('greeter.git', files('two'), { message: 'Second' });
    const changed = await post(`/workers/${slug}/git/pull`, {});
    expect(changed.data).toMatchObject({ is_changed: true, version: 'v1.0.2', git: { commit: second } });
    // Another commit with the same files is not another package.
    await server.commit('greeter.git', {}, { message: 'Nothing' });
    const emptied = await post(`/workers/${slug}/git/pull`, {});
    expect(emptied.data).toMatchObject({ is_changed: false, version: 'v1.0.2' });
  });

  test('can come from a branch, a tag or a commit, and a version can be selected by its commit', async () => {
    await server.git('greeter.git', 'checkout', '--quiet', '-b', 'feature/x');
    const branch = await server.commit('greeter.git', files('three'));
    await server.git('greeter.git', 'tag', '-a', 'v9', '-m', 'nine');
    await server.git('greeter.git', 'checkout', '--quiet', 'main');
    const git_url = server.url('greeter.git');
    const byBranch = await post(`/workers/${slug}/versions/git`, { git_url, git_ref: 'feature/x' });
    expect(byBranch.data.git).toMatchObject({ ref: 'feature/x', commit: branch });
    const byTag = await post(`/workers/${slug}/versions/git`, { git_url, git_ref: 'v9' });
    expect(byTag).toMatchObject({ status: 400, message: 'Script package is unchanged' });
    const byCommit = await post(`/workers/${slug}/versions/git`, { git_url, git_ref: first });
    expect(byCommit.data.git.commit).toBe(first);
    const named = await versionOf(slug, first.slice(0, 8));
    expect(named).toMatchObject({ version: byCommit.data.version });
    const started = await platform.call(`/workers/${slug}/runs`, { body: { version: branch.slice(0, 10) } });
    expect(started.code).toBe(0);
  });

  test('can be in a folder of its repository', async () => {
    const within = Object.fromEntries(
      Object.entries(files('in a folder')).map(([name, text]) => [`workers/two/${name}`, text]),
    );
    await server.commit('many.git', { 'README.md': 'no worker here', ...within }, { change: linkWithin });
    const git_url = server.url('many.git');
    const answer = await post('/workers/git', { git_url, git_folder: '/workers/two/', title: 'Two' });
    expect(answer.data).toMatchObject({ path: 'tester~two', git: { folder: 'workers/two' } });
    const without = await post('/workers/git', { git_url, title: 'None' });
    expect(without).toMatchObject({ status: 400, message: expect.stringContaining('has no entry file') });
    const absent = await post('/workers/git', { git_url, title: 'None', git_folder: 'workers/three' });
    expect(absent.message).toBe('the repository has no folder "workers/three"');
  });
});

test('every repository name yields a valid title', () => {
  expect(parseGitUrl('https://code.example/a%00b.git').name).toBe('a b');
  expect(parseGitUrl(`https://code.example/${'x'.repeat(500)}.git`).name).toHaveLength(200);
});

test('only a git that keeps to the given addresses is used for http', () => {
  for (const version of ['git version 2.37.0', 'git version 2.39.5 (Apple Git-154)', 'git version 3.0.0'])
    expect(keepsToAddresses(version)).toBe(true);
  for (const version of ['git version 2.34.1', 'git version 1.99', ''])
    expect(keepsToAddresses(version)).toBe(false);
});

test('a private repository takes a token, which is not stored', async () => {
  await server.commit('private.git', files('private'));
  server.password = 'sesame-token';
  try {
    const git_url = server.url('private.git');
    const refused = await post('/workers/git', { git_url });
    expect(refused).toMatchObject({ status: 400, code: 11000 });
    expect(refused.message).toBe(
      'the repository could not be read: it does not exist, or the credentials are wrong or missing: set git_token',
    );
    const wrong = await post('/workers/git', { git_url, git_token: 'wrong-token' });
    expect(JSON.stringify(wrong)).not.toContain('wrong-token');
    expect(wrong.status).toBe(400);
    const { data } = await post('/workers/git', { git_url, git_token: 'sesame-token' });
    expect(data.git.url).toBe(git_url);
    const inUrl = git_url.replace('//', '//me:sesame-token@');
    const second = await post('/workers/git', { git_url: inUrl, name: 'second' });
    expect(second.data.git.url).toBe(git_url);
    const { rows } = await platform.platform.database.pool.query<{ text: string }>(
      'SELECT worker_version::text || (SELECT string_agg(audit_entry::text, $1) FROM audit_entry) AS text FROM worker_version',
      [' '],
    );
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ text }) => text.includes('sesame'))).toEqual([]);
  } finally {
    server.password = undefined;
  }
});

describe('these are refused:', () => {
  const marker = path.join('/tmp', `chela-git-marker-${process.pid}`);
  afterAll(async () => rm(marker, { force: true }));

  test.for([
    ['a file', 'file:///etc', 'must be an https or ssh URL'],
    ['a path', '/etc', 'must be an https or ssh URL'],
    ['another program', 'ext::sh -c touch% /tmp/x', 'must be an https or ssh URL'],
    ['an option', '--upload-pack=touch /tmp/x', 'must be an https or ssh URL'],
    ['the git protocol', 'git://127.0.0.1/x', 'must be an https or ssh URL'],
    ['a host like an option', 'ssh://-oProxyCommand=x/y', 'git_url'],
    ['a private address', 'https://10.0.0.1/x', '10.0.0.1:443 is not a public address'],
    ['loopback', 'https://localhost/x', 'localhost:443 has no public address'],
    ['an unusual notation of loopback', 'https://2130706433/x', '127.0.0.1:443 is not a public address'],
    ['cloud metadata', 'http://169.254.169.254/x', '169.254.169.254:80 is not a public address'],
    ['another port of an allowed host', 'http://127.0.0.1:1/x', '127.0.0.1:1 is not a public address'],
    ['http elsewhere', 'http://192.0.43.8/x', 'plain http is not allowed'],
    ['ssh without a key', 'git@192.0.43.8:me/x', 'ssh is not configured'],
  ])('%s', async ([, git_url, reason]) => {
    const answer = await post('/workers/git', { git_url, name: 'refused' });
    expect(answer.status).toBe(400);
    expect(answer.message).toContain(reason);
  });

  test.for([
    `--upload-pack=touch ${marker}`,
    '-c',
    'main..other',
    'main~1',
    'refs/heads/*',
    'a b',
    'HEAD@{1}',
    'x.lock',
  ])('the ref %s', async (git_ref) => {
    const answer = await post('/workers/git', { git_url: server.url('greeter.git'), git_ref });
    expect(answer.message).toMatch(/is not a valid branch, tag or commit/);
    expect(existsSync(marker)).toBe(false);
  });

  test('a missing ref and a missing commit', async () => {
    const git_url = server.url('greeter.git');
    const branch = await post('/workers/git', { git_url, git_ref: 'nothing' });
    expect(branch.message).toMatch(/has no branch or tag "nothing"/);
    const commit = await post('/workers/git', { git_url, git_ref: 'a'.repeat(40) });
    expect(commit.message).toBe(`the repository has no commit ${'a'.repeat(40)}`);
  });

  test.for(['../..', 'a/../../b', '.git', 'a/.GIT/b', '-x'])('the folder %s', async (git_folder) => {
    const answer = await post('/workers/git', { git_url: server.url('greeter.git'), git_folder });
    expect(answer.message).toMatch(/must be a folder within the repository/);
  });

  test('a redirect elsewhere', async () => {
    server.redirect = 'http://127.0.0.1:1';
    const answer = await post('/workers/git', { git_url: server.url('greeter.git'), name: 'redirected' });
    server.redirect = undefined;
    expect(answer).toMatchObject({
      status: 400,
      message: expect.stringMatching(/^the repository could not be/),
    });
  });

  test('a link that leaves the repository, and a folder that is a link', async () => {
    await server.commit('links.git', files('links'), {
      change: async (folder) => {
        await symlink('/etc/passwd', path.join(folder, 'passwd'));
        await symlink('/etc', path.join(folder, 'etc'));
      },
    });
    const git_url = server.url('links.git');
    const answer = await post('/workers/git', { git_url });
    expect(answer).toMatchObject({
      status: 400,
      message: expect.stringMatching(/is (a link to a place outside the folder|a symbolic link)/),
    });
    const folder = await post('/workers/git', { git_url, git_folder: 'etc' });
    expect(folder.message).toBe('the repository has no folder "etc"');
  });

  test('a repository that unpacks to more than a package may hold', async () => {
    await server.commit('bomb.git', { ...files('bomb'), zeros: '0'.repeat(300_000) });
    const answer = await post('/workers/git', { git_url: server.url('bomb.git') });
    expect(answer.message).toBe('the files of the package are larger than 200000 bytes');
  });

  test('nested trees that name endless files', async () => {
    await server.commit('deep.git', files('deep'), {
      change: async (folder) => {
        const script = `
          entry="100644 blob $(git hash-object -w main.js)"
          for depth in 1 2 3 4 5 6 7 8; do
            tree=$(for name in 0 1 2 3 4 5 6 7 8 9; do printf '%s\\t%s\\n' "$entry" $name; done | git mktree)
            entry="040000 tree $tree"
          done
          commit=$(git -c user.name=a -c user.email=a@example.com commit-tree -m deep $tree)
          git update-ref refs/heads/deep $commit`;
        await promisify(execFile)('sh', ['-ec', script], { cwd: folder });
      },
    });
    const answer = await post('/workers/git', { git_url: server.url('deep.git'), git_ref: 'deep' });
    expect(answer).toMatchObject({
      status: 400,
      message: expect.stringMatching(/^the repository could not be read: it has too many .* files$/),
    });
  });

  test('a repository larger than a package may be', async () => {
    const noise = Array.from({ length: 700_000 }, () => String.fromCharCode(33 + Math.random() * 90)).join(
      '',
    );
    await server.commit('huge.git', { ...files('huge'), noise });
    const answer = await post('/workers/git', { git_url: server.url('huge.git') });
    expect(answer.message).toBe('the repository is larger than the limit of 400000 bytes');
  });
});

test('a repository with a command in its submodule settings is refused', async () => {
  const settings = '[submodule "x"]\n\tpath = x\n\turl = https://code.example/x\n\tupdate = !touch /tmp/x\n';
  await server.commit('command.git', { ...files('command'), '.gitmodules': settings });
  const answer = await post('/workers/git', { git_url: server.url('command.git') });
  expect(answer).toMatchObject({ status: 400, message: expect.stringMatching(/gitmodulesUpdate/) });
});

test('hooks, filters and submodules of a repository are not run', async () => {
  const marker = path.join('/tmp', `chela-git-hook-${process.pid}`);
  await server.commit('hooks.git', {
    ...files('hooks'),
    '.gitattributes': '* filter=evil\n',
    '.gitmodules': '[submodule "x"]\n\tpath = x\n\turl = file:///etc\n',
    '.lfsconfig': '[lfs]\n\turl = http://127.0.0.1:1/\n',
  });
  await server.git('hooks.git', 'config', 'filter.evil.smudge', `touch ${marker}`);
  const { data, code } = await post('/workers/git', { git_url: server.url('hooks.git') });
  expect(code).toBe(0);
  expect(data.version).toBe('v1.0.1');
  expect(existsSync(marker)).toBe(false);
});

test('chela push publishes a repository, then another version of it', async () => {
  await server.commit('pushed.git', files('pushed one'));
  await server.git('pushed.git', 'branch', 'stable');
  const push = async (ref: string) =>
    runChela([
      'push',
      '--git',
      `${server.url('pushed.git')}${ref}`,
      '--url',
      platform.url,
      '--key',
      platform.key,
    ]);
  const first = await push('#stable');
  expect(first).toMatchObject({ exitCode: 0, output: expect.stringContaining('tester~pushed v1.0.1\n') });
  expect((await push('')).output).toBe('pushed is unchanged\n');
  await server.commit('pushed.git', files('pushed two'));
  expect((await push('')).output).toContain('tester~pushed v1.0.2\n');
  expect(await push('#nothing')).toMatchObject({
    exitCode: 1,
    output: expect.stringContaining('has no branch or tag "nothing"'),
  });
});

test('only the owner can import, and no files are left on disk', async () => {
  const { key } = await platform.otherAccount('stranger');
  const git_url = server.url('greeter.git');
  for (const [apiPath, body] of [
    ['/workers/tester~greeter/versions/git', { git_url }],
    ['/workers/tester~greeter/git/pull', {}],
    ['/workers/tester~greeter/versions', undefined],
  ] as const) {
    const answer = await platform.call(apiPath, { key, body });
    expect(answer).toMatchObject({ status: 404, code: 11004 });
  }
  const { data } = await platform.call<{ slug: string }>('/workers', { body: uploadedForm() });
  const none = await post(`/workers/${data.slug}/git/pull`, {});
  expect(none.message).toMatch(/no version of this worker was imported from a git repository/);
  const left = await readdir(path.join(platform.platform.config.cacheDir, 'packages'));
  expect(left.filter((name) => name.startsWith('draft-'))).toEqual([]);
});

function uploadedForm(): FormData {
  const form = new FormData();
  form.append('title', 'Uploaded');
  form.append('scraper_file', new Blob([Uint8Array.from(packageZip({}))]), 'package.zip');
  return form;
}
