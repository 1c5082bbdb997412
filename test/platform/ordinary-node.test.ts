/** Node workers that rely on what works on any machine. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { makeReachableFolder, removeFolder, type PackageFiles } from '../runner/worker-package.ts';
import { takeTurnsAtHostPorts } from '../support/host-ports.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

takeTurnsAtHostPorts();
const sdkFolder = path.join(import.meta.dirname, '../../sdk/node');
const sdkFiles = ['sdk.js', 'sdk_pb.js', 'sdk_grpc_pb.js', 'sdk_storage.js'];
const manifest = {
  name: 'ordinary',
  version: '1.0.0',
  main: 'main.js',
  dependencies: { '@grpc/grpc-js': '^1.14.0' },
};
const esManifest = JSON.stringify({ ...manifest, type: 'module' });

describe.each(['bubblewrap', 'process'] as const)('a Node worker in a sandbox of kind %s', (sandbox) => {
  let platform: TestPlatform;
  let count = 0;
  beforeAll(async () => {
    platform = await startTestPlatform({ sandbox });
  });
  afterAll(async () => platform.close());

  /** Starts a run of a package. @param sdkPlace folder of the SDK in the package */
  async function start(
    files: PackageFiles,
    system: Record<string, unknown> = {},
    sdkPlace = '.',
  ): Promise<string> {
    const folder = await makeReachableFolder();
    onTestFinished(async () => removeFolder(folder));
    await mkdir(path.join(folder, sdkPlace), { recursive: true });
    const copied = sdkPlace === '.' ? sdkFiles : [...sdkFiles, 'package.json'];
    for (const name of copied) await copyFile(path.join(sdkFolder, name), path.join(folder, sdkPlace, name));
    const all = { 'input_schema.json': '{"properties": []}', ...files };
    for (const [name, content] of Object.entries(all)) await writeFile(path.join(folder, name), content);
    count += 1;
    return platform.runAsync(await platform.publish(folder, `Ordinary ${count}`), {}, system);
  }

  async function run(files: PackageFiles, sdkPlace = '.'): Promise<{ rows: unknown; slug: string }> {
    const slug = await start(files, {}, sdkPlace);
    expect(await platform.finished(slug)).toMatchObject({ status: 'succeeded', err_msg: '' });
    return { rows: (await platform.results(slug)).list, slug };
  }

  test('imports the SDK beside it as an ES module', async () => {
    const main = `import sdk, { pushData } from './sdk.js'; import { files } from './sdk_storage.js';
      await sdk.pushData({ a: 1 }); await pushData({ a: String(await files.get('absent')) });`;
    expect((await run({ 'main.js': main, 'package.json': esManifest })).rows).toEqual([
      { a: 1 },
      { a: 'undefined' },
    ]);
  });

  test('imports the SDK from a folder as an ES module', async () => {
    const main = `import sdk, { pushData } from './sdk/sdk.js'; await sdk.pushData({ a: 1 }); await pushData({ a: 2 });`;
    const { rows } = await run({ 'main.js': main, 'package.json': esManifest }, 'sdk');
    expect(rows).toEqual([{ a: 1 }, { a: 2 }]);
  });

  test('that fills its heap fails with the memory limit of its run', async () => {
    const main = `const held = []; for (;;) held.push({ some: [Math.random()] })`;
    const slug = await start({ 'main.js': main }, { memory: 512 });
    expect(await platform.finished(slug)).toMatchObject({
      status: 'failed',
      err_msg: expect.stringContaining('its output mentions the memory limit of 512 MB (memory)'),
    });
  });

  test('loses no line that it printed before process.exit()', async () => {
    const main = `for (let n = 0; n < 2000; n += 1) console.log('line ' + n + ' ' + 'z'.repeat(300)); process.exit(0)`;
    const { slug } = await run({ 'main.js': main });
    const { rows } = await platform.platform.database.pool.query<{ kept: number }>(
      `SELECT count(DISTINCT content)::int AS kept FROM log_line JOIN run ON run.id = run_id
       WHERE run.slug = $1 AND content LIKE 'line % zzz%'`,
      [slug],
    );
    expect(rows).toEqual([{ kept: 2000 }]);
  });
});
