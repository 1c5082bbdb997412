import { cp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../bundled-workers/support/temporary-folder.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

const fixture = path.join(import.meta.dirname, '../fixtures/python-worker');
const folder = temporaryFolder();

/** Publishes the fixture with other requirements. */
async function publishWith(platform: TestPlatform, title: string, requirements: string): Promise<string> {
  const copy = path.join(folder, title);
  await cp(fixture, copy, { recursive: true });
  await writeFile(path.join(copy, 'requirements.txt'), requirements);
  return platform.publish(copy, title);
}

describe.for(['bubblewrap', 'process'] as const)('a Python worker in the sandbox %s', (sandbox) => {
  let platform: TestPlatform;
  let workerId: string;
  beforeAll(async () => {
    platform = await startTestPlatform({ sandbox });
    workerId = await platform.publish(fixture, 'Python');
  });
  afterAll(async () => platform.close());

  test('reads its input, pushes rows and log lines with the public protocol', async () => {
    const run = await platform.runSync(workerId, { rows: 3 });
    expect(run).toMatchObject({ run_status: 'succeeded', error_message: '' });
    const { headers, list } = await platform.results(run.run_slug);
    expect(headers).toEqual([
      { key: 'index', label: 'Index', format: 'integer' },
      { key: 'text', label: 'text', format: 'text' },
      { key: 'none', label: 'none', format: 'text' },
    ]);
    expect(list).toEqual([0, 1, 2].map((index) => ({ index, text: 'Zeile ä 你好', none: null })));
    const lines = (await platform.log(run.run_slug)).map(({ type, content }) => `${type} ${content}`);
    expect(lines).toEqual(
      expect.arrayContaining([
        '2 third-party worker on stdout',
        '3 third-party worker on stderr',
        '3 a warn line',
      ]),
    );
  });

  test('has its requirements on top of the base with grpcio and protobuf, and nothing of the host', async () => {
    const facts = ['six', 'grpc', 'google.protobuf', 'pip', 'sqlite3', 'ssl', 'ctypes'];
    const run = await platform.runSync(workerId, { rows: 0, facts });
    const [row] = (await platform.results(run.run_slug)).list;
    expect(row).toMatchObject({
      modules: ['six', 'grpc', 'google.protobuf', 'sqlite3', 'ssl', 'ctypes'],
      argv: [expect.stringMatching(/\/work\/main\.py$/)],
      cwd: expect.stringMatching(/\/work$/),
    });
    const names = row?.['environment'] as string[];
    expect(names).toEqual(expect.arrayContaining(['HOME', 'PATH', 'PROXY_AUTH', 'PYTHONUNBUFFERED']));
    // Addresses for the worker, and none of the operator's settings.
    expect(names.filter((name) => name.startsWith('CHELA_'))).toEqual([
      'CHELA_FILES_URL',
      'CHELA_STORES_URL',
    ]);
  });

  test.for([
    [{ exit_code: 3 }, 'the worker ended with exit code 3', 'third-party worker on stderr'],
    [{ kill: true }, 'the worker ended with signal SIGKILL', 'third-party worker on stderr'],
    [{ error: 'no items' }, 'the worker ended with exit code 1', 'ValueError: no items'],
  ] as const)('that ends by %o fails with that as its reason', async ([input, message, headline]) => {
    const run = await platform.runSync(workerId, { rows: 1, ...input });
    expect(run).toMatchObject({
      run_status: 'failed',
      error_message: message,
      error_headline: headline,
    });
    expect(run.results.count).toBe(1);
  });

  test('is aborted although it ignores SIGTERM', async () => {
    const slug = await platform.runAsync(workerId, { rows: 0, hang: true });
    await platform.logged(slug, 'hanging');
    await platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
    expect(await platform.finished(slug)).toMatchObject({ status: 'failed', err_msg: 'run aborted by user' });
  });
});

describe('the requirements of a Python package', () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await startTestPlatform();
  });
  afterAll(async () => platform.close());

  test('may be absent, since the base contains what the SDK needs', async () => {
    const workerId = await publishWith(platform, 'bare', '');
    const run = await platform.runSync(workerId, { rows: 1 });
    expect(run).toMatchObject({ run_status: 'succeeded', results: { count: 1 } });
  });

  test('are those of the SDK by default: its example runs', async () => {
    const sdk = path.join(import.meta.dirname, '../../sdk/python');
    const copy = path.join(folder, 'sdk-example');
    await cp(path.join(sdk, 'example'), copy, { recursive: true });
    for (const file of ['sdk.py', 'sdk_pb2.py', 'sdk_pb2_grpc.py'])
      await cp(path.join(sdk, file), path.join(copy, file));
    const workerId = await platform.publish(copy, 'SDK example');
    const names = ['Ada', { string: 'Grace' }, ' ', 'Ada'];
    const run = await platform.runSync(workerId, { names });
    expect(run).toMatchObject({ run_status: 'succeeded', error_message: '' });
    const { headers, list } = await platform.results(run.run_slug);
    expect(headers[2]).toEqual({ key: 'letters', label: 'Letters', format: 'integer' });
    // The upsert key keeps a single row for Ada.
    expect(list).toMatchObject([
      { name: 'Ada', greeting: 'Hello, Ada!', letters: 3 },
      { name: 'Grace', greeting: 'Hello, Grace!', letters: 5 },
    ]);
    expect(list).toHaveLength(2);
    const lines = await platform.log(run.run_slug);
    expect(lines.map(({ type, content }) => `${type} ${content}`)).toContain('2 greeted 3 names');
    // Nothing is printed except what the author printed.
    expect(lines.filter(({ type }) => type === 4)).toEqual([]);
  });

  test('are installed after the upload, in the log of the version, and not again for each run', async () => {
    const workerId = await publishWith(platform, 'once', 'six==1.16.0\n');
    const log = await platform.installed(workerId);
    expect(log).toMatchObject({ status: 'installed', err_msg: '' });
    expect(log.lines.map(({ content }) => content)).toContainEqual(
      expect.stringContaining('Successfully installed six-1.16.0'),
    );
    const run = await platform.runSync(workerId, { rows: 0 });
    expect(run.run_status).toBe('succeeded');
    const lines = await platform.log(run.run_slug);
    expect(lines.filter(({ content }) => content.includes('six-1.16.0'))).toEqual([]);
  });

  test.for([
    ['no-such-package-of-chela==1.0', /No matching distribution found for no-such-package-of-chela/],
    ['six @ https://packages.example/six.whl', /packages must come from the package index by name/],
    ['git+https://code.example/six', /packages must come from the package index by name/],
    ['--index-url https://packages.example/', /remove the line/],
    ['-e ../lib', /packages must come from the package index by name/],
    ['../../etc/passwd', /not from a path/],
    [`a${'!'.repeat(64)} §`, /in line 1 of requirements\.txt: not a valid requirement: expected a version/],
    ['-r ../../etc/passwd', /is outside the package/],
  ] as const)('%s fail the run with the reason', async ([line, reason]) => {
    const workerId = await publishWith(platform, `refused-${line.replaceAll(/\W+/g, '-')}x`, `${line}\n`);
    const run = await platform.runSync(workerId, { rows: 0 });
    expect(run.run_status).toBe('failed');
    expect(run.error_message).toMatch(reason);
  });
});
