import { once } from 'node:events';
import { appendFile, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createTestDatabase } from '../support/test-database.ts';
import { ChelaProcess, runChela, startChela, type StartedChela } from './support/chela-process.ts';
import { eventually } from './support/eventually.ts';
import { writeScriptedWorker } from './support/scripted-worker.ts';

let dataDir: string;
let database: { url: string; drop: () => Promise<void> };
beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'chela-test-commands-'));
  database = await createTestDatabase();
});
afterAll(async () => {
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
});

async function holdPort(): Promise<{ port: number; squatter: net.Server }> {
  const squatter = net.createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  onTestFinished(() => {
    squatter.close();
  });
  return { port: (squatter.address() as net.AddressInfo).port, squatter };
}

describe('a failing command exits with 1 and one line that says why', () => {
  const cases: Record<string, { argv: string[]; environment?: Record<string, string>; says: string }> = {
    'a wrong value in the environment': {
      argv: ['up'],
      environment: { CHELA_RUNNER_SLOTS: 'many' },
      says: 'CHELA_RUNNER_SLOTS must be a whole number from 1 to 10000, got "many"',
    },
    'a browser endpoint that is not an address': {
      argv: ['up'],
      environment: { CHELA_CAMOUFOX_ENDPOINT: 'ftp://browsers' },
      says: 'CHELA_CAMOUFOX_ENDPOINT must be host:port, or a ws, wss, http or https URL, got "ftp://browsers"',
    },
    'a wrong secret, which is not shown': {
      argv: ['up', '--database-url', 'mysql://root:password@localhost'],
      says: '--database-url must be a URL that starts with postgres:// or postgresql://',
    },
    'a runner without a database': {
      argv: ['runner'],
      says: 'chela runner needs DATABASE_URL or --database-url',
    },
    'a database that does not respond': {
      argv: ['runner', '--database-url', 'postgres://chela@127.0.0.1:1/chela'],
      environment: { CHELA_DATABASE_WAIT_SECONDS: '1' },
      says: `waiting for the database: connect ECONNREFUSED 127.0.0.1:1
chela: the database did not answer within 1 s (CHELA_DATABASE_WAIT_SECONDS): connect ECONNREFUSED 127.0.0.1:1; check DATABASE_URL`,
    },
    'a push without a folder': {
      argv: ['push', '--key', 'not-asked-for-yet'],
      says: 'give either a folder or --git with the URL of a repository',
    },
    'a retention that would be applied': {
      argv: ['retention'],
      says: 'add --dry-run: the platform itself applies the retention, at its start and every hour',
    },
    'a retention of a plan that does not exist': {
      argv: ['up'],
      environment: { CHELA_PLAN_RETENTION_DAYS: 'free=7,gold=90' },
      says: 'CHELA_PLAN_RETENTION_DAYS names the plan "gold", but CHELA_PLANS has only free, starter, pro, business, unlimited',
    },
    'a push of a missing folder': {
      argv: ['push', '/nowhere/at/all'],
      says: '/nowhere/at/all is not a folder',
    },
  };
  test.each(Object.entries(cases))('%s', async (_name, { argv, environment, says }) => {
    const { exitCode, output } = await runChela(argv, { CHELA_DATA_DIR: dataDir, ...environment });
    expect({ exitCode, output }).toEqual({ exitCode: 1, output: `chela: ${says}\n` });
  });

  test('a push of a folder with a link to a place outside it fails', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'chela-test-push-'));
    onTestFinished(async () => rm(folder, { recursive: true, force: true }));
    await symlink('/etc/hostname', path.join(folder, 'host'));
    expect(await runChela(['push', folder], {})).toMatchObject({
      exitCode: 1,
      output: `chela: ${folder} cannot be published: "host" is a link to a place outside the folder; replace it with a copy\n`,
    });
  });

  test('a push to a server that is not Chela fails', async () => {
    const server = createServer((_request, response) => response.end('<html>')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
    const { exitCode, output } = await runChela(['push', import.meta.dirname, '--url', url]);
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: `chela: ${url} answered with status 200 and no JSON: is Chela at this address?\n`,
    });
  });

  test('a push to an address without a server', async () => {
    const { port, squatter } = await holdPort();
    squatter.close();
    const url = `http://127.0.0.1:${port}`;
    const { exitCode, output } = await runChela(['push', import.meta.dirname, '--url', `${url}/`]);
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: `chela: no answer from ${url}: is Chela running there? Otherwise set --url. (connect ECONNREFUSED 127.0.0.1:${port})\n`,
    });
  });

  test('a port that is in use', async () => {
    const { port } = await holdPort();
    const { exitCode, output } = await runChela(['api'], {
      CHELA_DATA_DIR: dataDir,
      DATABASE_URL: database.url,
      CHELA_PORT: String(port),
    });
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: `chela: port ${port} is in use by another program: choose another port with --port or CHELA_PORT, for example CHELA_PORT=${port + 1}\n`,
    });
  });
});

test.each(['list', 'verify'])('the flags of backup %s may follow it', async (command) => {
  const place = await mkdtemp(path.join(tmpdir(), 'chela-test-backups-'));
  onTestFinished(async () => rm(place, { recursive: true, force: true }));
  const { output } = await runChela(['backup', command, '--backup-to', place]);
  expect(output).toMatch(/^(?:chela: )?[Tt]here is no .*backup/);
});

test('a dry run of a push lists the files with their sizes, without a platform', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'chela-test-push-'));
  onTestFinished(async () => rm(folder, { recursive: true, force: true }));
  const files = {
    'main.py': 'x'.repeat(1500),
    '.gitignore': 'cookies.json\n',
    'cookies.json': '{}',
    '.env.local': 'KEY=1',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  expect(await runChela(['push', folder, '--dry-run'], { CHELA_API_KEY: '' })).toMatchObject({
    exitCode: 0,
    output: '  13 B  .gitignore\n1.5 kB  main.py\n2 files, 1.5 kB; left out: .env.local, cookies.json\n',
  });
});

test('a set-up link is printed for an account that exists', async () => {
  const own = await createTestDatabase();
  onTestFinished(async () => own.drop());
  const environment = {
    CHELA_DATA_DIR: dataDir,
    DATABASE_URL: own.url,
    CHELA_PUBLIC_URL: 'https://chela.example',
  };
  await runChela(['keys', 'create', 'first'], environment);
  expect(await runChela(['set-up-link', 'admin'], environment)).toMatchObject({
    exitCode: 0,
    output: expect.stringMatching(
      /^https:\/\/chela\.example\/setup\?token=[\w-]{43}\nOpen it .* within 24 hours\.\n$/,
    ),
  });
  expect(await runChela(['set-up-link', 'nobody'], environment)).toMatchObject({
    exitCode: 1,
    output: 'chela: account nobody does not exist\n',
  });
});

test('a dry run of the retention says how much it would remove', async () => {
  const own = await createTestDatabase();
  onTestFinished(async () => own.drop());
  const environment = { CHELA_DATA_DIR: dataDir, DATABASE_URL: own.url };
  const { exitCode, output } = await runChela(['retention', '--dry-run'], environment);
  expect(exitCode).toBe(0);
  expect(output.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['WOULD BE REMOVED', 'COUNT', 'BYTES'],
    ['runs', '0', '–'],
    ['rows', '0', '0'],
    ['log lines', '0', '0'],
    ['files', '0', '0'],
    ['exports', '0', '0'],
    ['queue items', '0', '–'],
    ['audit entries', '0', '–'],
    [''],
  ]);
});

test('keys are created up to the configured limit of an account', async () => {
  const limited = await createTestDatabase();
  onTestFinished(async () => limited.drop());
  const environment = { CHELA_DATA_DIR: dataDir, DATABASE_URL: limited.url, CHELA_API_KEY_LIMIT: '1' };
  expect(await runChela(['keys', 'create', 'first'], environment)).toMatchObject({ exitCode: 0 });
  expect(await runChela(['keys', 'create', 'second'], environment)).toMatchObject({
    exitCode: 1,
    output: 'chela: the account has reached the limit of 1 API keys: revoke one first\n',
  });
});

describe('an API and a runner as two processes with one database', () => {
  let api: StartedChela;
  let runner: ChelaProcess;
  let key: string;
  beforeAll(async () => {
    const shared = { CHELA_DATA_DIR: dataDir, DATABASE_URL: database.url };
    key = (await runChela(['keys', 'create', 'first'], shared)).output.trim();
    runner = new ChelaProcess(['runner'], shared);
    [api] = await Promise.all([startChela(shared, ['api']), runner.printed(/the runner is ready/)]);
  });
  afterAll(async () => {
    await Promise.all([api.process.kill(), runner.kill()]);
  });

  async function push(
    folder: string,
    environment: Record<string, string> = {},
    ...flags: string[]
  ): Promise<string> {
    const { exitCode, output } = await runChela(
      ['push', folder, '--url', api.client.url, '--name', 'pushed', ...flags],
      {
        CHELA_API_KEY: key,
        ...environment,
      },
    );
    return `${exitCode}: ${output.replaceAll(/^(?:warning: .*|\d+ files?, .*)\n/gm, '')}`;
  }

  async function versions(...words: string[]): Promise<string> {
    const { exitCode, output } = await runChela(['versions', ...words, '--url', api.client.url], {
      CHELA_API_KEY: key,
    });
    return `${exitCode}: ${output}`;
  }

  test('publish a pushed folder as a worker, skip an unchanged one, add a version for a changed one, and run all of it', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'chela-test-push-'));
    onTestFinished(async () => rm(folder, { recursive: true, force: true }));
    await writeScriptedWorker(folder);
    expect(await push(folder)).toBe('0: admin~pushed v1.0.1\n');
    expect(await push(folder)).toBe('0: pushed is unchanged\n');
    await appendFile(path.join(folder, 'README.md'), '\nchanged\n');
    expect(await push(folder, {}, '--wait')).toBe('0: admin~pushed v1.0.2\n');
    await rm(path.join(folder, 'main.js'));
    expect(await push(folder)).toMatch(/^1: chela: pushed was refused: /);

    const custom = { script: `await sdk.result.pushData({ ran: true })`, items: ['one'] };
    const { data } = await api.client.call<{ run_slug: string }>('/workers/admin~pushed/runs', {
      key,
      body: { input: { parameters: { custom } } },
    });
    const run = await eventually(async () => {
      const answer = await api.client.call<{ status: string; version: string }>(
        `/worker-runs/${data.run_slug}`,
        { key },
      );
      return answer.data.status === 'succeeded' ? answer.data : undefined;
    });
    expect(run).toMatchObject({ version: 'v1.0.2', results: 1 });
  });

  test('list the versions of a worker, and roll it back', async () => {
    expect(await versions('list', 'admin/pushed')).toMatch(
      /^0: v1\.0\.2 {2}\S+ {2}current, .*\nv1\.0\.1 {2}\S+ {2}(?!current)/,
    );
    expect(await versions('make-current', 'admin/pushed', 'v1.0.1')).toBe('0: v1.0.1 is current\n');
    expect(await versions('make-current', 'admin/pushed', 'v9')).toBe(
      '1: chela: admin~pushed has no version v9: the current one is v1.0.1\n',
    );
  });

  test('refuse a push with a wrong key', async () => {
    expect(await push(import.meta.dirname, { CHELA_API_KEY: 'a-key-that-is-wrong' })).toBe(
      '1: chela: invalid token: the API key is wrong, expired or revoked\n',
    );
  });

  test('shut down cleanly, each by itself', async () => {
    for (const chela of [api.process, runner]) {
      chela.signal('SIGTERM');
      expect(await chela.ended).toEqual({ exitCode: 0, signal: null });
    }
  });
});
