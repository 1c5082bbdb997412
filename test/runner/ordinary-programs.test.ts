/** What ordinary programs expect of any machine, and find in a sandbox: other programs, certificate authorities, a locale. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Sandbox } from '../../src/runner/sandbox.ts';
import { BubblewrapSandbox } from '../../src/runner/sandboxes/bubblewrap.ts';
import { ProcessSandbox } from '../../src/runner/sandboxes/process.ts';
import { takeTurnsAtHostPorts } from '../support/host-ports.ts';
import { makeAuthority } from './certificate-authority.ts';
import {
  answerOf,
  PreopenedSandbox,
  finish,
  firstUserId,
  makeReachableFolder,
  openWorker,
  removeFolder,
} from './worker-package.ts';

const run = promisify(execFile);

takeTurnsAtHostPorts();
let cacheDir: string;
let authority: string;
beforeAll(async () => {
  cacheDir = await makeReachableFolder();
  authority = await makeAuthority(cacheDir);
});
afterAll(async () => removeFolder(cacheDir));

const kinds: Record<string, (workerCaFile?: string) => Sandbox> = {
  bubblewrap: (workerCaFile) =>
    new BubblewrapSandbox({ cacheDir, sandboxUserId: firstUserId, ...(workerCaFile && { workerCaFile }) }),
  process: (workerCaFile) => new ProcessSandbox({ cacheDir, ...(workerCaFile && { workerCaFile }) }),
};

/** Counts the authorities in the host's bundle like OpenSSL. */
async function authoritiesOfHost(): Promise<number | undefined> {
  const bundle = await readFile('/etc/ssl/certs/ca-certificates.crt', 'latin1').catch(() => undefined);
  return bundle === undefined
    ? undefined
    : new Set(bundle.split('-----BEGIN CERTIFICATE-----').slice(1)).size;
}

const python = '/usr/bin/python3';

/** A worker that connects to its own server with every client on the machine. */
async function askOwnServer(): Promise<string> {
  const names = ['key.pem', 'cert.pem'] as const;
  const [key = '', cert = ''] = await Promise.all(
    names.map(async (name) => readFile(path.join(authority, name), 'utf8')),
  );
  return `const { execFile } = require('child_process'), https = require('https');
    const run = (...argv) => new Promise((resolve) => execFile(argv[0], argv.slice(1),
      (error, out, said) => resolve(error ? said || error.message : out)));
    const server = https.createServer(${JSON.stringify({ key, cert })}, (_, answer) => answer.end('hello'));
    server.listen(0, '127.0.0.1', async () => {
      const url = 'https://localhost:' + server.address().port + '/';
      const answers = [await fetch(url).then((answer) => answer.text(), (error) => error.cause.code)];
      if (${existsSync('/usr/bin/curl')}) answers.push(await run('curl', '-sS', url));
      if (${existsSync(python)}) answers.push(await run('${python}', '-c',
        "import sys, urllib.request; print(end=urllib.request.urlopen(sys.argv[1]).read().decode())", url));
      console.log(JSON.stringify([...new Set(answers)]));
      server.close(); server.closeAllConnections();
    });`;
}

describe.each(Object.entries(kinds))('in a sandbox of kind %s', (_kind, make) => {
  test.runIf(existsSync(python))('OpenSSL trusts the authorities of the host', async () => {
    const script = `import json, ssl; print(ssl.create_default_context().cert_store_stats()['x509_ca'])`;
    const code = `console.log(require('child_process').execFileSync('${python}', ['-c', \`${script}\`], { encoding: 'utf8' }))`;
    expect(await answerOf(make(), code)).toBe(await authoritiesOfHost());
  });

  test('Node, curl and Python trust an authority that the operator added', async () => {
    const sandbox = make(path.join(authority, 'ca.pem'));
    expect(await answerOf(sandbox, await askOwnServer())).toEqual(['hello']);
  });

  test('Node, curl and Python trust no other authority', async () => {
    expect(await answerOf(make(), await askOwnServer())).not.toContain('hello');
  });

  test('a file without authorities is refused, and the error names the setting', async () => {
    await expect(make(path.join(authority, 'key.pem')).check()).rejects.toThrow(
      'CHELA_WORKER_CA_FILE has no PEM certificate',
    );
    await expect(make('/nowhere/ca.pem').check()).rejects.toThrow('CHELA_WORKER_CA_FILE cannot be read');
  });

  test('a program of an npm package is on the PATH', async () => {
    const modules = await makeReachableFolder();
    onTestFinished(async () => removeFolder(modules));
    await run(
      'sh',
      [
        '-c',
        `mkdir .bin && printf '#!/usr/bin/env node\\nconsole.log(process.version)' > .bin/tells && chmod 755 .bin/tells`,
      ],
      { cwd: modules },
    );
    const worker = await openWorker(
      make(),
      { 'main.js': `process.stdout.write(require('child_process').execFileSync('tells'))` },
      { nodeModulesDir: modules },
    );
    expect(await finish(worker)).toMatchObject({ stdout: `${process.version}\n`, exitCode: 0 });
  });
});

function bubblewrap(): Sandbox {
  return new BubblewrapSandbox({ cacheDir, sandboxUserId: firstUserId });
}

describe('in a sandbox with its own root', () => {
  const names = [
    'sh',
    'bash',
    'ps',
    'which',
    'uname',
    'ls',
    'cat',
    'cp',
    'mv',
    'rm',
    'mkdir',
    'tar',
    'gzip',
    'zip',
    'unzip',
    'git',
    'curl',
    'wget',
    'awk',
    'sed',
    'grep',
    'find',
    'sort',
    'xargs',
    'file',
    'perl',
    'openssl',
    'ffmpeg',
    'jq',
  ].filter((name) => existsSync(`/usr/bin/${name}`));

  test('programs of the host start', async () => {
    const code = `const { spawnSync } = require('child_process');
      console.log(JSON.stringify(${JSON.stringify(names)}.filter((name) => {
        const { error, stderr } = spawnSync(name, ['--version'], { encoding: 'utf8' });
        return error !== undefined || /error while loading|No such file/.test(stderr);
      })))`;
    expect(names).toContain('ls');
    expect(await answerOf(bubblewrap(), code)).toEqual([]);
  });

  test('programs of the host work', async () => {
    const script = `set -e; cd /tmp; mkdir a; echo 数据 > a/数据.txt; tar czf a.tgz a; tar tzf a.tgz | sort | tail -n 1
      echo one two | awk '{ print $2 }' | sed s/two/2/; git init -q repository; cd repository; git status --short | wc -l | xargs`;
    const code = `console.log(JSON.stringify(require('child_process').execFileSync('bash', ['-c', ${JSON.stringify(script)}],
      { encoding: 'utf8' }).trim().split('\\n')))`;
    expect(await answerOf(bubblewrap(), code)).toEqual(['a/数据.txt', '2', '0']);
  });

  test.runIf(existsSync('/usr/bin/chromium'))('the chromium command of the host starts', async () => {
    const code = `console.log(JSON.stringify(require('child_process').execFileSync('chromium', ['--version'], { encoding: 'utf8' })))`;
    expect(await answerOf(bubblewrap(), code)).toMatch(/^Chromium \d/);
  });

  test('ps shows only the processes in the sandbox', async () => {
    const code = `const out = require('child_process').execFileSync('ps', ['-A', '-o', 'ppid=,pid=,args='], { encoding: 'utf8' });
      console.log(JSON.stringify(out.trim().split('\\n').map((line) => line.trim().split(/\\s+/)[2])))`;
    expect(await answerOf(bubblewrap(), code)).toEqual(['/chela/sh', '/usr/local/bin/node', 'ps']);
  });

  test('no program can change its user, and no file of the host can be written', async () => {
    const code = `const lines = require('fs').readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\\n').map((line) => line.split(' '));
      const own = ['/', '/proc', '/tmp', '/work', '/home/worker'];
      const shown = lines.filter(([, , , , place]) => !own.includes(place) && !place.startsWith('/dev') && !place.startsWith('/proc/'));
      const status = require('fs').readFileSync('/proc/self/status', 'utf8');
      console.log(JSON.stringify([shown.length > 5, shown.filter(([, , , , , options]) =>
        !options.split(',').includes('nosuid') || !options.split(',').includes('ro')).map((fields) => fields[4]), /NoNewPrivs:\\t1/.test(status)]))`;
    expect(await answerOf(bubblewrap(), code)).toEqual([true, [], true]);
  });

  test('the operator’s own files are hidden', async () => {
    const places = [
      '/etc/npmrc',
      '/etc/pip.conf',
      '/etc/gitconfig',
      '/etc/environment',
      '/etc/ssl/private',
      '/etc/pki/tls/private',
      '/etc/docker',
      '/etc/apt',
      '/root',
      '/home/root',
      '/srv',
      '/mnt',
      '/media',
      '/var/lib/docker',
      '/var/run/docker.sock',
      '/run',
      '/usr/local/etc',
      '/usr/local/lib',
      '/usr/sbin',
      '/boot',
      '/opt',
    ];
    const code = `const fs = require('fs');
      const isEmpty = (place) => { try { return fs.readdirSync(place).length === 0 } catch (error) { return error.code === 'ENOENT' } };
      console.log(JSON.stringify(${JSON.stringify(places)}.filter((place) => !isEmpty(place))))`;
    expect(await answerOf(bubblewrap(), code)).toEqual([]);
  });

  test('folders of the platform are refused if workers could read them', async () => {
    const options = { cacheDir, sandboxUserId: firstUserId };
    await expect(new BubblewrapSandbox({ ...options, dataDir: '/usr/share/chela' }).check()).rejects.toThrow(
      '/usr/share/chela is in /usr/share, which workers can read: move it elsewhere (CHELA_DATA_DIR, CHELA_CACHE_DIR)',
    );
    await expect(new BubblewrapSandbox({ ...options, cacheDir: '/usr/lib/x/cache' }).check()).rejects.toThrow(
      '/usr/lib/x/cache is in /usr/lib',
    );
  });

  test.runIf(existsSync('/usr/bin/perl'))('the locale in the environment exists', async () => {
    const script = `use POSIX; print setlocale(LC_ALL, "") // "none"`;
    const code = `const { execFileSync } = require('child_process');
      console.log(JSON.stringify(['C.UTF-8', 'C.utf8'].map((LC_ALL) => execFileSync('perl', ['-e', '${script}'],
        { encoding: 'utf8', env: { ...process.env, LC_ALL } }))))`;
    expect(await answerOf(bubblewrap(), code)).toEqual(['C.UTF-8', 'C.utf8']);
  });

  test('a sandbox that was opened in advance has the same programs and certificates', async () => {
    const code = `console.log(JSON.stringify(require('child_process').execFileSync('uname', { encoding: 'utf8' })))`;
    expect(await answerOf(new PreopenedSandbox(cacheDir), code)).toBe('Linux\n');
  });
});
