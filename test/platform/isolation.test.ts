import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { publishScriptedWorker, runForever } from './support/scripted-worker.ts';

let platform: TestPlatform;
let worker: string;
let secretFolder: string;
beforeAll(async () => {
  platform = await startTestPlatform();
  worker = await publishScriptedWorker(platform, 'Scripted');
  secretFolder = await mkdtemp(path.join(tmpdir(), 'chela-test-secret-'));
  await writeFile(path.join(secretFolder, 'secret.txt'), 'secret', { mode: 0o644 });
});
afterAll(async () => {
  await rm(secretFolder, { recursive: true, force: true });
  await platform.close();
});

/** Runs a script that returns a value. @returns the value */
async function valueOf(script: string, more: Record<string, unknown> = {}): Promise<unknown> {
  const { error_message: errMsg, results } = await platform.runSync(worker, {
    script: `const value = await (async () => { ${script} })(); await sdk.result.pushData({ value });`,
    items: ['one'],
    ...more,
  });
  if (errMsg !== '') throw new Error(errMsg);
  return results.list[0]?.['value'];
}

const connect = `(options) => new Promise((settled) => {
  const socket = require('net').connect(options, () => { socket.destroy(); settled('connected'); });
  socket.on('error', (error) => settled(error.code));
  socket.setTimeout(3000, () => { socket.destroy(); settled('timeout'); });
})`;

describe('a worker run by the platform', () => {
  test('reaches no port of the host, its API included', async () => {
    const { port } = new URL(platform.url);
    const value = await valueOf(`
      const connect = ${connect};
      return [await connect({ host: '127.0.0.1', port: ${port} }), Object.keys(require('os').networkInterfaces())];`);
    expect(value).toEqual(['ECONNREFUSED', ['lo', 'near']]);
  });

  test('resolves names only to addresses that lead nowhere else', async () => {
    const value = await valueOf(`return require('dns').promises.resolve4('example.com');`);
    expect(value).toEqual(['198.18.1.0']);
  });

  test('reaches no socket of the database', async () => {
    const socketDir = new URL(platform.databaseUrl).searchParams.get('host');
    const socketPath = path.join(socketDir ?? '', '.s.PGSQL.5432');
    expect(await valueOf(`return (${connect})({ path: ${JSON.stringify(socketPath)} });`)).toBe('ENOENT');
  });

  test('sees no files of the host, not even world-readable ones', async () => {
    const places = [
      secretFolder,
      platform.platform.config.dataDir,
      import.meta.dirname,
      '/root',
      '/var',
      '/etc/shadow',
    ];
    const value = await valueOf(
      `return ${JSON.stringify(places)}.map((place) => require('fs').existsSync(place));`,
    );
    expect(value).toEqual(places.map(() => false));
  });

  test('can write only to its own folders', async () => {
    const places = [
      '/',
      '/usr',
      '/etc',
      '/chela',
      '/dev',
      '/work/node_modules',
      '/work',
      '/home/worker',
      '/tmp',
    ];
    const value = await valueOf(`
      return ${JSON.stringify(places)}.filter((place) => {
        try { require('fs').writeFileSync(place + '/written', ''); return true; } catch { return false; }
      });`);
    expect(value).toEqual(['/work', '/home/worker', '/tmp']);
  });

  test('sees only its own environment', async () => {
    const names = (await valueOf('return Object.keys(process.env).sort();')) as string[];
    // This one is set if the host has authorities that Node does not.
    expect(names.filter((name) => name !== 'NODE_EXTRA_CA_CERTS')).toEqual([
      'ACTOR_MEMORY_MBYTES',
      'APIFY_MEMORY_MBYTES',
      'BROWSER_WS_ENDPOINT',
      'CDP_ENDPOINT',
      'CHELA_FILES_URL',
      'CHELA_STORES_URL',
      'CRAWLEE_MEMORY_MBYTES',
      'ChromeHttp',
      'ChromeWs',
      'GOMAXPROCS',
      'GOMEMLIMIT',
      'HOME',
      'LANG',
      'NODE_OPTIONS',
      'PATH',
      'PROXY_AUTH',
      'PROXY_DOMAIN',
      'PWD',
      'SSL_CERT_FILE',
      'TMPDIR',
    ]);
  });

  test('sees and signals only its own processes', async () => {
    const value = await valueOf(`
      const signal = (pid) => { try { process.kill(pid, 0); return 'may'; } catch (error) { return error.code; } };
      const pids = require('fs').readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).map(Number);
      return { few: pids.length <= 3, host: signal(${process.pid}), user: process.getuid(),
        capabilities: /^CapEff:\\s*(\\w+)/m.exec(require('fs').readFileSync('/proc/self/status', 'utf8'))[1] };`);
    expect(value).toEqual({ few: true, host: 'ESRCH', user: 1000, capabilities: '0000000000000000' });
  });

  test('leaves nothing behind for the next run', async () => {
    const leave = `for (const folder of ['/tmp', '/dev/shm', '/home/worker', '/work'])
      require('fs').writeFileSync(folder + '/left', 'behind');`;
    const look = `return ['/tmp', '/dev/shm', '/home/worker', '/work'].filter((folder) => require('fs').existsSync(folder + '/left'));`;
    expect(await valueOf(`${leave} ${look}`)).toHaveLength(4);
    expect(await valueOf(look)).toEqual([]);
  });
});

describe('two runs at the same time', () => {
  test('each have their own SDK, rows, files, ports and processes', async () => {
    const first = await platform.runAsync(worker, {
      script: `
        const fs = require('fs'), net = require('net');
        for (const folder of ['/tmp', '/dev/shm', '/home/worker', '/work']) fs.writeFileSync(folder + '/mine', 'first');
        await new Promise((ready) => net.createServer().listen(9999, '127.0.0.1', ready));
        await new Promise((ready) => net.createServer().listen('\\0abstract', ready));
        await sdk.result.pushData({ from: 'first', input: input.items });
        await sdk.log.info('first is there');
        ${runForever}`,
      items: ['of the first'],
    });
    await platform.logged(first, 'first is there');
    const value = await valueOf(
      `const fs = require('fs'), connect = ${connect};
       return {
         input: input.items,
         files: ['/tmp', '/dev/shm', '/home/worker', '/work'].filter((folder) => fs.existsSync(folder + '/mine')),
         port: await connect({ host: '127.0.0.1', port: 9999 }),
         abstract: await connect({ path: '\\0abstract' }),
         sdk: await connect({ host: '127.0.0.1', port: 20086 }),
       };`,
      { items: ['of the second'] },
    );
    expect(value).toEqual({
      input: ['of the second'],
      files: [],
      port: 'ECONNREFUSED',
      abstract: 'ECONNREFUSED',
      sdk: 'connected',
    });
    expect((await platform.run(first)).status).toBe('running');
    await platform.call(`/worker-runs/${first}/abort`, { method: 'POST' });
    await platform.finished(first);
    expect((await platform.results(first)).list).toEqual([{ from: 'first', input: ['of the first'] }]);
    const contents = (await platform.log(first)).map(({ content }) => content);
    expect(contents.filter((content) => content.includes('there'))).toEqual(['first is there']);
  });
});
