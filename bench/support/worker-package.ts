/** The workers of `bench/workers`, as packages for the platform and as plain programs without it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { readConfig } from '../../src/configuration/configuration.ts';
import { sdkAddress } from '../../src/runner/sandbox.ts';
import { DeclarationReader } from '../../src/runner/dependencies/declaration-reader.ts';
import { HostInstaller } from '../../src/runner/dependencies/host-installer.ts';
import { NodeDependencies } from '../../src/runner/dependencies/node-dependencies.ts';

const workersFolder = path.resolve(import.meta.dirname, '../workers');
/** All workers share its SDK and dependencies, which the first run of an installation installs. */
const modelFolder = path.resolve(import.meta.dirname, '../../workers/hello');
const sharedFiles = ['package.json', 'package-lock.json', 'sdk.js', 'sdk_pb.js', 'sdk_grpc_pb.js'];

export type WorkerName = 'download' | 'requests' | 'nothing' | 'first-call' | 'push';

/** Writes a complete package to a new folder below `parent`. */
export async function layOutPackage(parent: string, name: WorkerName): Promise<string> {
  const folder = await mkdtemp(path.join(parent, `${name}-`));
  await cp(path.join(workersFolder, name), folder, { recursive: true });
  await Promise.all(sharedFiles.map((file) => cp(path.join(modelFolder, file), path.join(folder, file))));
  return folder;
}

/** A worker run by `node main.js`, without a platform. */
export class PlainWorker {
  readonly #folder: string;

  /** Use `PlainWorker.prepare`. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * @param cacheDir folder of the platform's installed dependencies, which the worker shares
   * @param sdkPort loopback port of its SDK server
   */
  static async prepare(packageDir: string, cacheDir: string, sdkPort: number): Promise<PlainWorker> {
    const folder = `${packageDir}-plain`;
    await cp(packageDir, folder, { recursive: true });
    const sdkFile = path.join(folder, 'sdk.js');
    const sdk = await readFile(sdkFile, 'utf8');
    await writeFile(sdkFile, sdk.replace(`:${sdkAddress.port}'`, `:${sdkPort}'`));
    const config = readConfig({});
    const reader = new DeclarationReader(config);
    const installer = new HostInstaller(config, { reader });
    const modules = await new NodeDependencies({ cacheDir, installer, reader }).install(
      folder,
      () => undefined,
    );
    if (modules !== undefined) await symlink(modules, path.join(folder, 'node_modules'));
    return new PlainWorker(folder);
  }

  /**
   * Runs it to its end.
   * @returns its output
   * @throws Error if it fails
   */
  async run(): Promise<string> {
    const child = spawn(process.execPath, ['main.js'], {
      cwd: this.#folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [printed, errors, [exitCode]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit') as Promise<[number | null]>,
    ]);
    if (exitCode !== 0) throw new Error(`a plain worker failed: ${errors}`);
    return printed;
  }
}
