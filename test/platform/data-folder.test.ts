import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import {
  DataFolderInUseError,
  DataFolderNotWritableError,
  lockDataFolder,
  type DataFolderLock,
} from '../../src/host/data-folder.ts';
import { processIdentity } from '../../src/host/process-identity.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-lock-'));
  onTestFinished(async () => rm(folder, { recursive: true, force: true }));
});

async function lockManyTimes(): Promise<PromiseSettledResult<DataFolderLock>[]> {
  return Promise.allSettled(Array.from({ length: 50 }, async () => lockDataFolder(folder)));
}

const states: Record<string, string | undefined> = {
  'is free': undefined,
  'was locked by a dead process': '999999999 1',
  'was locked by a dead process whose id has been reused': `${process.pid} 1`,
  'has an empty lock file': '',
};

test.each(Object.entries(states))(
  'of many that lock a folder that %s at once, one succeeds',
  async (_name, lock) => {
    if (lock !== undefined) await writeFile(path.join(folder, 'lock'), lock);
    const outcomes = await lockManyTimes();
    const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    const refusals = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refusals.every(({ reason }) => reason instanceof DataFolderInUseError)).toBe(true);
    expect(await readdir(folder)).toEqual(['lock']);
    await winners[0]?.value.release();
    expect(await readdir(folder)).toEqual([]);
  },
);

test.each([
  ['is a file', 'file', 'a file has its name'],
  ['is below a file', 'file/data', 'a part of its path is a file'],
])('a folder that %s is refused with a sentence', async (_name, place, reason) => {
  await writeFile(path.join(folder, 'file'), '');
  const locking = lockDataFolder(path.join(folder, place));
  await expect(locking).rejects.toThrow(DataFolderNotWritableError);
  await expect(locking).rejects.toThrow(`(${reason}): make it writable for this user, or use another folder`);
});

test.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'a folder on a read-only file system is refused with a sentence',
  async () => {
    const script = `mount -t tmpfs -o ro none "$1" && exec "$2" dist/main.js up --data-dir "$1"`;
    const argv = ['--mount', 'sh', '-c', script, 'sh', folder, process.execPath];
    const chela = spawn('unshare', argv, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'] },
    });
    const message = await text(chela.stderr);
    expect(message).toBe(
      `chela: nothing can be written into the data folder ${folder} (its file system is read-only): make it writable for this user, or use another folder with --data-dir or CHELA_DATA_DIR\n`,
    );
  },
);

test('a killed process whose parent takes no note of its end holds no lock', async () => {
  // The shell becomes a program that takes no note of its children.
  const parent = spawn('sh', ['-c', 'sleep 1000 & echo $!; exec sleep 1000']);
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const processId = Number(String(line).trim());
  await expect.poll(async () => readFile(`/proc/${parent.pid}/comm`, 'latin1')).toBe('sleep\n');
  process.kill(processId, 'SIGKILL');
  await expect.poll(async () => readFile(`/proc/${processId}/stat`, 'latin1')).toMatch(/\) Z /);
  await writeFile(path.join(folder, 'lock'), (await processIdentity(processId)) ?? '');
  const lock = await lockDataFolder(folder);
  expect(lock.diedProcess).toMatch(`${processId} `);
  await lock.release();
});
