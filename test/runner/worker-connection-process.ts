/** Prints why sandboxes have no transparent network, and what a worker serves on its loopback: `FOLDER` is its folder. */
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { BubblewrapSandbox } from '../../src/runner/sandboxes/bubblewrap.ts';

const [, , folder = ''] = process.argv;
const sandbox = new BubblewrapSandbox({ cacheDir: folder, sandboxUserId: 1 });
console.log(await sandbox.networkProblem());
const [packageDir, scratchDir] = [path.join(folder, 'package'), path.join(folder, 'scratch')];
await Promise.all([mkdir(packageDir), mkdir(scratchDir)]);
const main = `require('net').createServer((socket) => socket.end('hello'))
  .listen(0, '127.0.0.1', function () { console.log(this.address().port) })`;
await writeFile(path.join(packageDir, 'main.js'), main);
const megabyte = 1024 * 1024;
const limits = { processes: 128, openFiles: 512, fileSizeBytes: megabyte, tmpBytes: megabyte };
const worker = await sandbox.open({
  packageDir,
  scratchDir,
  entry: 'main.js',
  environment: {},
  ports: [20_086],
  slot: 0,
  limits,
});
worker.run();
const [port] = (await once(worker.stdout, 'data')) as [Buffer];
const connection = await worker.connect?.('127.0.0.1', Number(port));
console.log(connection && (await text(connection)));
await worker.close();
await sandbox.closeWarm();
