/** Chela and its bubblewrap sandboxes without root: as an ordinary user of the machine, even one without a name. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, copyFile, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../platform/support/eventually.ts';
import { untilAllEnded, descendantsOf } from '../platform/support/processes.ts';
import { TestClient, type RunShape } from '../support/test-client.ts';

const repository = path.resolve(import.meta.dirname, '../..');
const userId = 2_400_000 + (process.pid % 100_000);
const apiKey = 'key-of-the-admin-account';
const commands = ['sh', 'env', 'node'];

/** The repository at a path that the user can read, since a private home may hide the real one. */
const view = 'chela';
/** In its own mount namespace, so that nothing stays mounted. */
const becomeUser = `mount --bind "$1" "$2" && cd "$2" && shift 2 &&
  exec setpriv --reuid ${userId} --regid ${userId} --clear-groups --pdeathsig TERM "$@"`;

let home: string;
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'chela-test-user-'));
  await mkdir(path.join(home, view));
  const settings = path.join(homedir(), '.npmrc');
  if (await stat(settings).catch(() => undefined)) {
    await copyFile(settings, path.join(home, '.npmrc'));
    await chown(path.join(home, '.npmrc'), userId, userId);
  }
  await chown(home, userId, userId);
});
afterAll(async () => rm(home, { recursive: true, force: true }));

/** Command line that runs another as the user, in the root of the repository. */
function asUser(argv: readonly string[]): [string, string[]] {
  return ['unshare', ['--mount', 'sh', '-c', becomeUser, 'sh', repository, path.join(home, view), ...argv]];
}

function userEnvironment(values: Record<string, string>): Record<string, string | undefined> {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^CHELA_|^DATABASE_URL$|^NODE_OPTIONS$|^VITEST/.test(name),
  );
  return { ...Object.fromEntries(own), HOME: home, ...values };
}

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('an ordinary user', () => {
  test(
    'starts the platform with one command, runs a worker in a sandbox and stops it',
    { timeout: 240_000 },
    async () => {
      const dataDir = path.join(home, 'data');
      const [command, argv] = asUser(['node_modules/.bin/node', 'dist/main.js', 'up']);
      const chela = spawn(command, argv, {
        env: userEnvironment({ CHELA_DATA_DIR: dataDir, CHELA_PORT: '0', CHELA_API_KEY: apiKey }),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const ended = once(chela, 'exit');
      onTestFinished(async () => {
        chela.kill('SIGKILL');
        await ended;
      });
      let output = '';
      for (const stream of [chela.stdout, chela.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => (output += text));
      }
      const url = await Promise.race([
        eventually(async () => /URL\s+(http:\S+)/.exec(output)?.[1], 120_000),
        ended.then(() => {
          throw new Error(output);
        }),
      ]);
      const client = new TestClient(url, apiKey);
      const processes = descendantsOf(chela.pid ?? 0);
      const run = await eventually(async () => {
        const { data } = await client.call<RunShape>('/workers/chela~hello/runs/last');
        processes.push(...descendantsOf(chela.pid ?? 0));
        return data.finished_at > 0 ? data : undefined;
      }, 120_000);
      expect(run).toMatchObject({ status: 'succeeded', err_msg: '' });
      expect(processes.some(({ command: line }) => line.includes('bwrap'))).toBe(true);
      expect((await stat(path.join(dataDir, 'postgres'))).uid).toBe(userId);
      chela.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
      await untilAllEnded(processes, 10_000);
    },
  );

  test('gives workers the transparent network, and reaches what they serve', async () => {
    const [command, argv] = asUser([
      'node_modules/.bin/node',
      'test/runner/worker-connection-process.ts',
      home,
    ]);
    const { stdout } = await promisify(execFile)(command, argv, { env: userEnvironment({}) });
    expect(stdout).toBe('undefined\nhello\n');
  });

  test('learns from set-up how to install bubblewrap', async () => {
    const bin = path.join(home, 'bin');
    await mkdir(bin);
    for (const name of commands) {
      const { stdout } = await promisify(execFile)('/bin/sh', ['-c', `command -v ${name}`]);
      await promisify(execFile)('ln', ['-s', stdout.trim(), bin]);
    }
    const [command, argv] = asUser(['env', `PATH=${bin}`, 'node_modules/.bin/node', 'scripts/setup.mjs']);
    const failed = promisify(execFile)(command, argv, { env: userEnvironment({}) });
    await expect(failed).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/missing: bubblewrap .*: sudo apt-get install -y bubblewrap\n/),
    });
  });

  test('learns what to do if the system allows no user namespaces', async () => {
    const forbid = `echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --ambient-caps -all --inh-caps -all "$@"`;
    const check = `const { BubblewrapSandbox } = await import('./src/runner/sandboxes/bubblewrap.ts');
      await new BubblewrapSandbox({ cacheDir: '${home}', sandboxUserId: 1 }).check().catch((error) => console.log(error.message))`;
    const identity = ['--user', '--map-user=1000', '--map-group=1000', '--keep-caps'];
    const node = ['node_modules/.bin/node', '--input-type=module', '-e', check];
    const [command, argv] = asUser(['unshare', ...identity, 'sh', '-c', forbid, 'sh', ...node]);
    const { stdout } = await promisify(execFile)(command, argv, { env: userEnvironment({}) });
    expect(stdout).toMatch(/Creating new namespace failed.*\(.*sudo sysctl -w user\.max_user_namespaces=/s);
  });
});
