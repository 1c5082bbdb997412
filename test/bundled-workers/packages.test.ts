import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { checkPackage } from '../../src/workers/package-check.ts';

const root = path.join(import.meta.dirname, '../..');
const sdk = path.join(root, 'sdk/node');
const workers = readdirSync(path.join(root, 'workers')).map((name) => path.join('workers', name));
const nodeWorkers = workers.filter((folder) => readdirSync(path.join(root, folder)).includes('main.js'));
const packages = [...nodeWorkers, 'test/fixtures/third-party-worker'];

function readJson(...segments: string[]) {
  return JSON.parse(readFileSync(path.join(root, ...segments), 'utf8')) as unknown;
}

describe('every bundled Node worker', () => {
  // The helpers for files and stores are only for workers that use them.
  const sdkFiles = readdirSync(sdk).filter((name) => name.endsWith('.js') && name !== 'sdk_storage.js');

  test.each(nodeWorkers)('%s has the SDK files of sdk/node, byte for byte', (folder) => {
    for (const name of sdkFiles) {
      const copy = readFileSync(path.join(root, folder, name));
      expect(copy.equals(readFileSync(path.join(sdk, name))), `cp sdk/node/${name} ${folder}/`).toBe(true);
    }
  });

  test.each(nodeWorkers)('%s declares the dependencies of the SDK', (folder) => {
    expect(readJson(folder, 'package.json')).toMatchObject({
      dependencies: (readJson('sdk/node/package.json') as { dependencies: object }).dependencies,
    });
  });
});

describe('every package', () => {
  test.each(packages)('%s passes the upload checks without warnings', async (folder) => {
    await expect(checkPackage(path.join(root, folder))).resolves.toMatchObject({
      language: 'node',
      warnings: [],
    });
  });

  test.each(packages)('%s has a lock file that matches its package.json', async (folder) => {
    // Reads only these two files.
    const npm = promisify(execFile)('npm', ['ci', '--dry-run', '--offline', '--ignore-scripts'], {
      cwd: path.join(root, folder),
    });
    await expect(npm).resolves.toBeDefined();
  });

  test.each(packages)('%s names no registry in its lock file', (folder) => {
    expect(readFileSync(path.join(root, folder, 'package-lock.json'), 'utf8')).not.toMatch(
      /"resolved"|https?:\/\/registry/,
    );
  });
});
