/** Dependencies of uploaded versions, from a loopback registry that npm's own settings name. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { temporaryFolder } from '../bundled-workers/support/temporary-folder.ts';
import { plainSchema } from '../http/packages.ts';
import { RegistryServer } from '../runner/registries/registry-server.ts';
import { takeTurnsAtHostPorts } from '../support/host-ports.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

takeTurnsAtHostPorts();
const folder = temporaryFolder();
let registry: RegistryServer;
let platform: TestPlatform;
beforeAll(async () => {
  registry = await RegistryServer.start();
  vi.stubEnv('npm_config_registry', `${registry.origin}/npm/`);
  platform = await startTestPlatform({ installScripts: true });
});
afterAll(async () => {
  await platform.close();
  vi.unstubAllEnvs();
  registry.close();
});

/** A worker that needs one package, and succeeds if that is installed. */
async function publishNeeding(name: string, on: TestPlatform = platform): Promise<string> {
  const packageDir = path.join(folder, name);
  await mkdir(packageDir, { recursive: true });
  const files = {
    'main.js': `console.log('it says ' + require(${JSON.stringify(name)}));\n`,
    'package.json': JSON.stringify({ dependencies: { [name]: '1.0.0' } }),
    'input_schema.json': JSON.stringify(plainSchema),
  };
  for (const [file, text] of Object.entries(files)) await writeFile(path.join(packageDir, file), text);
  return on.publish(packageDir, name);
}

test(
  'a failed installation is explained in the log of the version and in the run; a retry succeeds after the cause is fixed',
  { timeout: 180_000 },
  async () => {
    const workerId = await publishNeeding('missing');
    const failed = await platform.installed(workerId);
    expect(failed).toMatchObject({
      status: 'failed',
      err_msg: expect.stringMatching(/npm install failed[^]*404/),
    });
    expect(failed.lines.map(({ content }) => content).join('\n')).toContain(`${registry.origin}/npm/missing`);
    expect(failed.lines[0]?.number).toBe(1);
    expect(failed.started_at).toBeGreaterThan(0);
    const run = await platform.runSync(workerId, {});
    expect(run).toMatchObject({
      run_status: 'failed',
      error_message: expect.stringMatching(/^could not be executed: npm install failed[^]*404/),
    });

    await registry.addNpm('missing', { 'index.js': 'module.exports = "found";' });
    const again = await platform.call(`/workers/${workerId}/versions/v1.0.1/install`, { method: 'POST' });
    expect(again.data).toMatchObject({ status: expect.stringMatching(/^(waiting|installing|installed)$/) });
    expect(await platform.installed(workerId)).toMatchObject({
      status: 'installed',
      err_msg: '',
      runtime: `Node ${process.versions.node}`,
    });
    const better = await platform.runSync(workerId, {});
    expect(better).toMatchObject({ run_status: 'succeeded', error_message: '' });
    const lines = (await platform.log(better.run_slug)).map(({ content }) => content);
    expect(lines).toContain('it says found');
    // An install request for an installed version leaves it installed.
    await platform.call(`/workers/${workerId}/versions/v1.0.1/install`, { method: 'POST' });
    expect(await platform.installed(workerId)).toMatchObject({ status: 'installed', err_msg: '' });
    expect(registry.fetched('missing-1.0.0.tgz')).toBe(1);
  },
);

test('a version runs on the Node that it asks for, and a TypeScript entry as it is', async () => {
  const publish = async (name: string, files: Record<string, string>): Promise<string> => {
    const packageDir = path.join(folder, name);
    await mkdir(packageDir, { recursive: true });
    const all = { ...files, 'input_schema.json': JSON.stringify(plainSchema) };
    for (const [file, text] of Object.entries(all)) await writeFile(path.join(packageDir, file), text);
    return platform.publish(packageDir, name);
  };
  const old = await publish('old-node', { 'main.js': '', '.nvmrc': '16' });
  const message = '"16" in .nvmrc: no available Node has this version: Node 18, 20, 22 and 24 are available';
  expect(await platform.installed(old)).toMatchObject({ status: 'failed', err_msg: message });
  expect(await platform.runSync(old, {})).toMatchObject({
    run_status: 'failed',
    error_message: `could not be executed: ${message}`,
  });

  const typed = await publish('typed', { 'main.ts': 'const n: number = 1; console.log(`typed ${n}`);' });
  const run = await platform.runSync(typed, {});
  expect((await platform.log(run.run_slug)).map(({ content }) => content)).toContain('typed 1');
  expect(await platform.installed(typed)).toMatchObject({
    status: 'none',
    runtime: `Node ${process.versions.node}`,
  });
});

function timesAsked(name: string): number {
  return registry.requests.filter(({ url }) => url === `/npm/${name}`).length;
}

test(
  'a failed installation is told to all subtasks of the run, and tried again by the next run',
  { timeout: 180_000 },
  async () => {
    const packageDir = path.join(folder, 'gone-worker');
    await mkdir(packageDir, { recursive: true });
    const items = { title: 'Items', name: 'items', type: 'array', editor: 'stringList', description: 'x' };
    const files = {
      'main.js': "require('gone');\n",
      'package.json': JSON.stringify({ dependencies: { gone: '1.0.0' } }),
      'input_schema.json': JSON.stringify({ concurrency: { fields: ['items'] }, properties: [items] }),
    };
    for (const [file, text] of Object.entries(files)) await writeFile(path.join(packageDir, file), text);
    const workerId = await platform.publish(packageDir, 'gone-worker');
    await platform.installed(workerId);
    const once = timesAsked('gone');
    const custom = { items: Array.from({ length: 12 }, (_, index) => `item ${index}`) };
    const slug = await platform.runAsync(workerId, custom);
    const run = await platform.finished(slug);
    expect(run).toMatchObject({
      status: 'failed',
      end_reason: 'dependencies',
      end_detail: {
        failed_subtasks: 12,
        message: expect.stringMatching(/^npm install failed.*404 Not Found/),
      },
      error_headline: expect.stringMatching(/^npm error 404 Not Found/),
    });
    expect(timesAsked('gone')).toBe(once * 2);
    await platform.finished(await platform.runAsync(workerId, custom));
    expect(timesAsked('gone')).toBe(once * 3);
  },
);

test(
  'the log can be read while it grows, and a run started meanwhile waits for the same installation',
  { timeout: 180_000 },
  async () => {
    const wait = `
    console.log('waiting for the gate');
    (async () => {
      while (!(await fetch('http://127.0.0.1:6001/registry/0/gate')).ok) await new Promise((go) => setTimeout(go, 50));
      console.log('the gate is open');
    })();`;
    const manifest = { scripts: { postinstall: 'node wait.js' } };
    await registry.addNpm('gated', { 'index.js': 'module.exports = 1;', 'wait.js': wait }, manifest);
    const workerId = await publishNeeding('gated');
    const url = `/workers/${workerId}/versions/latest/install-log`;
    interface Log {
      status: string;
      lines: { number: number; content: string }[];
    }
    const read = async (after = 0): Promise<Log> => (await platform.call<Log>(`${url}?after=${after}`)).data;
    await expect
      .poll(async () => JSON.stringify((await read()).lines), { timeout: 60_000 })
      .toContain('waiting for the gate');
    const { status, lines } = await read();
    expect(status).toBe('installing');
    const run = await platform.runAsync(workerId, {});
    await platform.logged(run, 'waiting for the gate');
    await registry.addNpm('gate', {});
    expect(await platform.installed(workerId)).toMatchObject({ status: 'installed' });
    const rest = await read(lines.at(-1)?.number);
    expect(rest.lines.map(({ content }) => content).join('\n')).toContain('the gate is open');
    expect(await platform.finished(run)).toMatchObject({ status: 'succeeded' });
    expect(registry.fetched('gated-1.0.0.tgz')).toBe(1);
  },
);

test('without a sandbox the log says so, and no install scripts run', { timeout: 180_000 }, async () => {
  const bare = await startTestPlatform({ sandbox: 'process', installScripts: true });
  try {
    await registry.addNpm('bare', { 'index.js': '' }, { scripts: { postinstall: 'exit 1' } });
    const log = await bare.installed(await publishNeeding('bare', bare));
    expect(log).toMatchObject({ status: 'installed' });
    expect(log.lines[0]?.content).toBe('installing without a sandbox (CHELA_SANDBOX=process)');
  } finally {
    await bare.close();
  }
});
