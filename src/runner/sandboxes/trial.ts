/** Tests a sandbox by running an empty worker in it. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sdkAddress, type Sandbox } from '../sandbox.ts';

const limits = { processes: 64, openFiles: 256, fileSizeBytes: 1024 * 1024, tmpBytes: 1024 * 1024 };

/**
 * @param cacheDir folder that the sandbox's user can reach; the test leaves nothing there
 * @throws Error with the reason
 */
export async function tryOut(sandbox: Pick<Sandbox, 'open'>, cacheDir: string): Promise<void> {
  const folder = await mkdtemp(path.join(cacheDir, 'sandbox-check-'));
  try {
    await chmod(folder, 0o755);
    const [packageDir, scratchDir] = [path.join(folder, 'package'), path.join(folder, 'scratch')];
    await Promise.all([mkdir(packageDir), mkdir(scratchDir)]);
    await writeFile(path.join(packageDir, 'main.js'), '');
    const worker = await sandbox.open({
      packageDir,
      scratchDir,
      entry: 'main.js',
      environment: {},
      ports: [sdkAddress.port],
      slot: 0,
      limits,
    });
    worker.run();
    const { exitCode, signal } = await worker.exited;
    await worker.close();
    if (exitCode !== 0)
      throw new Error(`the test of the sandbox failed: an empty worker ended with ${signal ?? exitCode}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
