import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestPlatform, type RunShape, type TestPlatform } from '../support/test-platform.ts';
import { ask, errorOf } from './checked-answer.ts';
import { makePublic, packageZip, publishWorker, uploadForm } from './packages.ts';

let platform: TestPlatform;
/** A worker with one version. */
let worker: string;

beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
  worker = await publishWorker(platform, 'Single');
});
afterAll(async () => platform.close());

function changedPackage(mark: string): FormData {
  return uploadForm(packageZip({ 'main.js': `console.log('${mark}');\n` }));
}

async function addVersion(workerId: string, form: FormData, key?: string) {
  return ask<{ slug: string; path: string; version: string }>(platform, `/workers/${workerId}/versions`, {
    body: form,
    key,
  });
}

/** @returns the version that a run requested with this version runs */
async function startedVersion(workerId: string, version: string | undefined): Promise<string> {
  const { data } = await ask<{ run_slug: string }>(platform, `/workers/${workerId}/runs`, {
    body: { version },
  });
  return (await ask<RunShape>(platform, `/worker-runs/${data.run_slug}`)).data.version;
}

describe('publishing another version', () => {
  test('of the same package is 400 with the text that clients rely on', async () => {
    for (const form of [uploadForm(packageZip()), uploadForm(packageZip(), { title: 'Other title' })]) {
      const answer = await addVersion(worker, form);
      expect(errorOf(answer)).toEqual({ status: 400, code: 11000 });
      expect(answer.message).toBe('Script package is unchanged');
    }
  });

  test('of a changed package increments the version, by slug and by path, and needs no title', async () => {
    const slug = await publishWorker(platform, 'Counted');
    for (const [index, workerId] of [slug, 'tester~counted'].entries()) {
      const { data } = await addVersion(workerId, changedPackage(String(index)));
      expect(data).toMatchObject({ slug, path: 'tester~counted', version: `v1.0.${index + 2}` });
    }
  });

  test("of a missing worker, or of another account's, even a public one, is 404", async () => {
    const slug = await publishWorker(platform, 'Foreign');
    const { key } = await platform.otherAccount('other');
    const form = changedPackage('other');
    const notFound = { status: 404, code: 11004 };
    expect(errorOf(await addVersion('tester~nothing', form))).toEqual(notFound);
    expect(errorOf(await addVersion(slug, form, key))).toEqual(notFound);
    await makePublic(platform, slug);
    expect(errorOf(await addVersion(slug, form, key))).toEqual(notFound);
  });

  test('without a credential is 401 before any of the form is read', async () => {
    const answer = await addVersion(worker, uploadForm(Buffer.alloc(1_000_000)), '');
    expect(errorOf(answer)).toEqual({ status: 401, code: 12001 });
  });
});

describe('starting a run of a version', () => {
  test.each([undefined, '', 'latest', ' latest ', 'v1.0.1', '1.0.1'])(
    '%j is the current one',
    async (version) => {
      expect(await startedVersion(worker, version)).toBe('v1.0.1');
    },
  );

  test('an older one still runs under its own version name', async () => {
    const slug = await publishWorker(platform, 'Versioned');
    expect((await addVersion(slug, changedPackage('newer'))).code).toBe(0);
    expect(await startedVersion(slug, '1.0.1')).toBe('v1.0.1');
    expect(await startedVersion(slug, 'v1.0.2')).toBe('v1.0.2');
    expect(await startedVersion(slug, 'latest')).toBe('v1.0.2');
  });

  test.each([
    'v9.9.9',
    '9',
    'LATEST',
    'v',
    'vv1.0.1',
    'v1.0.1 x',
    '你好',
    "'; DROP TABLE run; --",
    'v'.repeat(200),
  ])('a missing one is 400 with code 50003: %j', async (version) => {
    const answer = await ask(platform, `/workers/${worker}/runs`, { body: { version } });
    expect(errorOf(answer)).toEqual({ status: 400, code: 50003 });
    expect(answer.message).toContain('the current one is v1.0.1');
  });
});
