import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestPlatform, type RunShape, type TestPlatform } from '../support/test-platform.ts';
import { ask, errorOf } from './checked-answer.ts';
import { packageZip, publishWorker, uploadForm } from './packages.ts';

let platform: TestPlatform;
/** Installations are reported as a runner would report them. */
beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
});
afterAll(async () => platform.close());

interface VersionShape {
  readonly version: string;
  readonly is_current: boolean;
  readonly becomes_current: boolean;
}

/** A package that declares a dependency, so that a runner has to install it. */
function withDependency(version: string, files: Record<string, string> = {}): FormData {
  const manifest = JSON.stringify({ dependencies: { 'is-number': version } });
  return uploadForm(packageZip({ 'package.json': manifest, ...files }));
}

async function upload(worker: string, form: FormData) {
  return ask<VersionShape>(platform, `/workers/${worker}/versions`, { body: form });
}

async function versionsOf(worker: string): Promise<VersionShape[]> {
  return (await ask<{ list: VersionShape[] }>(platform, `/workers/${worker}/versions`)).data.list;
}

async function currentOf(worker: string): Promise<string | undefined> {
  return (await versionsOf(worker)).find((version) => version.is_current)?.version;
}

async function makeCurrent(worker: string, version: string, key?: string) {
  return ask<VersionShape>(platform, `/workers/${worker}/versions/${version}/make-current`, {
    method: 'POST',
    key,
  });
}

async function keyOf(worker: string, version: string): Promise<number> {
  const { rows } = await platform.platform.database.pool.query<{ id: number }>(
    `SELECT worker_version.id FROM worker_version JOIN worker ON worker.id = worker_id
     WHERE slug = $1 AND version = $2`,
    [worker, version],
  );
  return rows[0]?.id ?? 0;
}

/** Ends the installation of a version. */
async function settle(worker: string, version: string, status: 'installed' | 'failed'): Promise<void> {
  const { installs } = platform.platform.workers;
  const id = await keyOf(worker, version);
  const attempt = await installs.begin(id);
  await installs.end(id, attempt ?? 0, { status, errMsg: status === 'failed' ? 'npm says no' : '' });
}

/** The version that a run without a version uses. */
async function startedVersion(worker: string): Promise<string> {
  const { data } = await ask<{ run_slug: string }>(platform, `/workers/${worker}/runs`, { body: {} });
  return (await ask<RunShape>(platform, `/worker-runs/${data.run_slug}`)).data.version;
}

describe('an uploaded version', () => {
  test('without dependencies becomes current immediately', async () => {
    const worker = await publishWorker(platform, 'Plain');
    const { data } = await upload(worker, uploadForm(packageZip({ 'main.js': 'console.log(2);' })));
    expect(data).toMatchObject({ version: 'v1.0.2', is_current: true });
    expect(await startedVersion(worker)).toBe('v1.0.2');
  });

  test('with dependencies becomes current once they are installed', async () => {
    const worker = await publishWorker(platform, 'Careful');
    const { data } = await upload(worker, withDependency('7.0.0'));
    expect(data).toMatchObject({ version: 'v1.0.2', is_current: false });
    expect(await startedVersion(worker)).toBe('v1.0.1');
    await settle(worker, 'v1.0.2', 'installed');
    expect(await startedVersion(worker)).toBe('v1.0.2');
    expect(await versionsOf(worker)).toMatchObject([
      { version: 'v1.0.2', is_current: true, becomes_current: false },
      { version: 'v1.0.1', is_current: false },
    ]);
  });

  test('that cannot be installed never replaces the current one, until a retry succeeds', async () => {
    const worker = await publishWorker(platform, 'Broken upload');
    await upload(worker, withDependency('^999.0.0'));
    await settle(worker, 'v1.0.2', 'failed');
    expect(await startedVersion(worker)).toBe('v1.0.1');
    await settle(worker, 'v1.0.2', 'installed');
    expect(await startedVersion(worker)).toBe('v1.0.2');
  });

  test('is current if it is the first, because there is no other', async () => {
    const manifest = JSON.stringify({ dependencies: { 'is-number': '^999.0.0' } });
    const worker = await publishWorker(platform, 'First broken', { files: { 'package.json': manifest } });
    await settle(worker, 'v1.0.1', 'failed');
    expect(await currentOf(worker)).toBe('v1.0.1');
  });

  test('whose installation ends late does not replace a newer one', async () => {
    const worker = await publishWorker(platform, 'Overtaken');
    await upload(worker, withDependency('7.0.0'));
    await upload(worker, withDependency('6.0.0'));
    await settle(worker, 'v1.0.3', 'installed');
    await settle(worker, 'v1.0.2', 'installed');
    expect(await currentOf(worker)).toBe('v1.0.3');
  });

  test('replaces the current one if the newer upload cannot be installed', async () => {
    const worker = await publishWorker(platform, 'Second best');
    await upload(worker, withDependency('7.0.0'));
    await upload(worker, withDependency('^999.0.0'));
    await settle(worker, 'v1.0.3', 'failed');
    await settle(worker, 'v1.0.2', 'installed');
    expect(await currentOf(worker)).toBe('v1.0.2');
  });

  test('of the same package as one that awaits its installation is unchanged', async () => {
    const worker = await publishWorker(platform, 'Twice');
    await upload(worker, withDependency('7.0.0'));
    const again = await upload(worker, withDependency('7.0.0'));
    expect(errorOf(again)).toEqual({ status: 400, code: 11000 });
    expect(again).toMatchObject({
      message: 'Script package is unchanged',
      details: ['v1.0.2 has the same package'],
    });
  });

  test('becomes current exactly once if many installations end at the same time', async () => {
    const worker = await publishWorker(platform, 'Race');
    const versions = ['1.0.0', '2.0.0', '3.0.0', '4.0.0'];
    for (const version of versions) await upload(worker, withDependency(version));
    await Promise.all(versions.map(async (_, index) => settle(worker, `v1.0.${index + 2}`, 'installed')));
    expect(await currentOf(worker)).toBe('v1.0.5');
  });
});

describe('making a version current', () => {
  test('rolls back, and a pending upload does not undo it', async () => {
    const worker = await publishWorker(platform, 'Rolled back');
    await upload(worker, uploadForm(packageZip({ 'main.js': 'console.log(2);' })));
    await upload(worker, withDependency('7.0.0'));
    const { data } = await makeCurrent(worker, 'v1.0.1');
    expect(data).toMatchObject({ version: 'v1.0.1', is_current: true });
    expect(await startedVersion(worker)).toBe('v1.0.1');
    await settle(worker, 'v1.0.3', 'installed');
    expect(await currentOf(worker)).toBe('v1.0.1');
    const audit = await ask<{ list: object[] }>(platform, '/audit-log?limit=1');
    expect(audit.data.list).toMatchObject([
      {
        action: 'worker.version_made_current',
        subject: 'tester~rolled-back',
        details: { version: 'v1.0.1', previous: 'v1.0.2' },
      },
    ]);
  });

  test('waits for an installation in progress', async () => {
    const worker = await publishWorker(platform, 'Later');
    await upload(worker, withDependency('7.0.0'));
    await makeCurrent(worker, 'v1.0.1');
    expect((await makeCurrent(worker, 'v1.0.2')).data).toMatchObject({
      is_current: false,
      becomes_current: true,
    });
    await settle(worker, 'v1.0.2', 'installed');
    expect(await currentOf(worker)).toBe('v1.0.2');
  });

  test('is refused if its dependencies could not be installed', async () => {
    const worker = await publishWorker(platform, 'Refused');
    await upload(worker, withDependency('^999.0.0'));
    await settle(worker, 'v1.0.2', 'failed');
    const answer = await makeCurrent(worker, 'v1.0.2');
    expect(errorOf(answer)).toEqual({ status: 400, code: 11000 });
    expect(answer.message).toContain('v1.0.2 cannot run, because its dependencies could not be installed');
    expect(await currentOf(worker)).toBe('v1.0.1');
  });

  test('is for the owner, and needs a version that exists', async () => {
    const worker = await publishWorker(platform, 'Private');
    const { key } = await platform.otherAccount('stranger');
    expect(errorOf(await makeCurrent(worker, 'v1.0.1', key))).toEqual({ status: 404, code: 11004 });
    expect(errorOf(await makeCurrent(worker, 'v9.9.9'))).toEqual({ status: 400, code: 50003 });
  });
});

describe('the package of a version', () => {
  test('is downloaded as it was uploaded, by its owner only', async () => {
    const zip = packageZip({ 'main.js': 'console.log("mine");' });
    const { data } = await ask<{ slug: string }>(platform, '/workers', {
      body: uploadForm(zip, { title: 'Kept' }),
    });
    const url = `${platform.url}/api/v2/workers/${data.slug}/versions/v1.0.1/package`;
    const response = await fetch(url, { headers: { 'api-key': platform.key } });
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="kept-v1.0.1.zip"');
    expect(Buffer.from(await response.arrayBuffer()).equals(zip)).toBe(true);
    const { key } = await platform.otherAccount('curious');
    expect((await fetch(url, { headers: { 'api-key': key } })).status).toBe(404);
  });
});
