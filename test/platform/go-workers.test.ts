import { execFile, execFileSync } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../bundled-workers/support/temporary-folder.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

const fixture = path.join(import.meta.dirname, '../fixtures/go-worker');
const folder = temporaryFolder();

function hasGo(): boolean {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform();
});
afterAll(async () => platform.close());

async function build(source: string, target: string): Promise<void> {
  await promisify(execFile)('go', ['build', '-trimpath', '-o', path.join(target, 'main'), '.'], {
    cwd: source,
    env: { ...process.env, CGO_ENABLED: '0', GOOS: 'linux', GOARCH: 'amd64' },
  });
}

/** A package with the given `main`; the zip lacks the execute bit, like zips made on Windows. */
async function packageWith(name: string, main: string | Buffer): Promise<string> {
  const copy = path.join(folder, name);
  await mkdir(copy, { recursive: true });
  for (const file of ['input_schema.json', 'README.md'])
    await cp(path.join(fixture, file), path.join(copy, file));
  await writeFile(path.join(copy, 'main'), main, { mode: 0o644 });
  return copy;
}

test.skipIf(!hasGo())(
  'a compiled Go worker runs with the public protocol',
  { timeout: 240_000 },
  async () => {
    const copy = await packageWith('compiled', '');
    await build(fixture, copy);
    const workerId = await platform.publish(copy, 'Go');
    const run = await platform.runSync(workerId, { rows: 2 });
    expect(run).toMatchObject({ run_status: 'succeeded', error_message: '' });
    expect((await platform.results(run.run_slug)).list).toEqual(
      [0, 1].map((index) => ({ index, text: 'Zeile ä 你好' })),
    );
    const lines = (await platform.log(run.run_slug)).map(({ content }) => content);
    expect(lines).toEqual(expect.arrayContaining(['go worker on stdout', 'an info line']));
    expect(await platform.runSync(workerId, { exit_code: 4 })).toMatchObject({
      run_status: 'failed',
      error_message: 'the worker ended with exit code 4',
      error_headline: '',
    });
    expect(await platform.runSync(workerId, { error: 'no route' })).toMatchObject({
      end_reason: 'exit',
      end_detail: { exit_code: 2 },
      error_headline: 'panic: no route',
    });
  },
);

test.skipIf(!hasGo())('the example of the Go SDK runs', { timeout: 240_000 }, async () => {
  const copy = await packageWith('sdk-example', '');
  await build(path.join(import.meta.dirname, '../../sdk/go/example'), copy);
  const workerId = await platform.publish(copy, 'Go SDK');
  const run = await platform.runSync(workerId, { names: ['Ada', 'Zoë', 'Ada'] });
  expect(run).toMatchObject({ run_status: 'succeeded', error_message: '' });
  const { headers, list } = await platform.results(run.run_slug);
  expect(headers[2]).toEqual({ key: 'letters', label: 'Letters', format: 'integer' });
  expect(list).toMatchObject([
    { name: 'Ada', greeting: 'Hello, Ada!', letters: 3 },
    { name: 'Zoë', letters: 3 },
  ]);
  expect(list).toHaveLength(2);
  const lines = (await platform.log(run.run_slug)).map(({ type, content }) => `${type} ${content}`);
  expect(lines).toContain('2 greeted 3 names');
});

test('an entry named main is executed directly, in the root of its package, isolated from the host', async () => {
  const script = '#!/bin/sh\necho "$0 in $PWD"\necho "$CHELA_DATA_DIR$NODE_CHANNEL_FD."\nexit 5\n';
  const run = await platform.runSync(
    await platform.publish(await packageWith('script', script), 'Script'),
    {},
  );
  expect(run).toMatchObject({ run_status: 'failed', error_message: 'the worker ended with exit code 5' });
  const lines = (await platform.log(run.run_slug)).map(({ content }) => content);
  expect(lines).toEqual(expect.arrayContaining(['/work/main in /work', '.']));
});

test('an entry for another machine fails with the reason in the log', async () => {
  const windows = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200)]);
  const run = await platform.runSync(
    await platform.publish(await packageWith('windows', windows), 'Windows'),
    {},
  );
  expect(run).toMatchObject({ run_status: 'failed', error_message: 'the worker ended with exit code 126' });
  const lines = (await platform.log(run.run_slug)).map(({ content }) => content);
  expect(lines.find((line) => line.includes('linux/amd64'))).toMatch(
    /^\/work\/main cannot be executed on this system/,
  );
});
