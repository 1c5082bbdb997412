/** Other browser servers that the operator configures for workers. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { publishScriptedWorker } from './support/scripted-worker.ts';

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({ camoufoxEndpoint: 'camoufox.example:9222' });
});
afterAll(async () => platform.close());

test('a worker gets the addresses of configured servers only', async () => {
  const worker = await publishScriptedWorker(platform, 'Browser servers');
  const script = `
    const { CamoufoxDomain, LightpandaDomain = 'unset' } = process.env;
    await sdk.result.pushData({ CamoufoxDomain, LightpandaDomain });`;
  const slug = await platform.runAsync(worker, { script, items: ['one'] });
  expect(await platform.finished(slug)).toMatchObject({ status: 'succeeded' });
  const { list } = await platform.results(slug);
  expect(list).toMatchObject([{ CamoufoxDomain: 'camoufox.example:9222', LightpandaDomain: 'unset' }]);
});
