/**
 * Runs pnpm, yarn and uv as ordinary processes of the runner. They get a home folder of their own, and reach the registries
 * through a gateway on loopback, so they use the same configuration and accept the same lock files as in a sandbox.
 */
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import path from 'node:path';
import type { AllowList } from '../../addresses/addresses.ts';
import type { DeclarationReader } from './declaration-reader.ts';
import type { InstallRequest, LockedRequest, PackageManagerEnd, UvRequest } from './installer.ts';
import { localLockFiles, lockToolRun } from './lock-tools.ts';
import { editOf, openNpmGateway } from './npm-gateway.ts';
import { findNpm, readNpmSettings } from './npm-settings.ts';
import { runPackageManager } from './package-manager.ts';
import { gatewayAddress } from './registry-gateway.ts';
import { uvExport } from './uv-lock.ts';

interface HostCommand {
  readonly argv: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly edit: (line: string) => string;
  /** Name of the folder that it creates. */
  readonly result: string;
}

interface HostLockToolsOptions {
  readonly allowed: AllowList;
  readonly reader: DeclarationReader;
  readonly timeLimitSeconds: number;
}

export class HostLockTools {
  readonly #options: HostLockToolsOptions;

  constructor(options: HostLockToolsOptions) {
    this.#options = options;
  }

  /** See `Installer.locked`. */
  async locked(request: LockedRequest): Promise<PackageManagerEnd> {
    const { files, signal, toolDir, script, binDir = path.dirname(process.execPath), print } = request;
    const { allowed, reader } = this.#options;
    const settings = await readNpmSettings(await findNpm());
    const listener = createServer();
    await once(listener.listen(0, gatewayAddress.host), 'listening');
    const { port } = listener.address() as AddressInfo;
    const { gateway, registries } = openNpmGateway(settings, allowed, port);
    try {
      gateway.serve(listener, (message) => print(`registry: ${message}`));
      const run = lockToolRun(request, registries, false);
      const local = await localLockFiles(files, gateway.npmPlaces(), reader, signal);
      return await this.#run(request, {
        argv: [path.join(binDir, 'node'), path.join(toolDir, script), ...run.argv],
        files: { ...run.files, ...local },
        environment: {
          PATH: `${binDir}:${process.env['PATH'] ?? ''}`,
          NODE_NO_WARNINGS: '1',
          // The gateway uses the operator's proxy.
          ...withoutProxy,
        },
        edit: editOf(settings, gateway),
        result: 'node_modules',
      });
    } finally {
      gateway.close();
      await closed(listener);
    }
  }

  /** See `Installer.exportUv`. */
  async exportUv(request: UvRequest): Promise<PackageManagerEnd> {
    const { uvDir, interpreter, files } = request;
    return this.#run(request, {
      argv: uvExport(path.join(uvDir, 'bin', 'uv'), interpreter.command),
      files,
      environment: {},
      edit: (line) => line,
      result: 'exported',
    });
  }

  async #run(
    { folder, print, signal }: InstallRequest,
    { argv: [command = '', ...argv], files, environment, edit, result }: HostCommand,
  ): Promise<PackageManagerEnd> {
    const draft = await mkdtemp(path.join(folder, '.draft-'));
    try {
      const [work, home] = [path.join(draft, 'work'), path.join(draft, 'home')];
      for (const made of [work, home]) await mkdir(made);
      for (const [name, text] of Object.entries(files)) await writeFile(path.join(work, name), text);
      const end = await runPackageManager(command, argv, {
        folder: work,
        environment: { ...ownFolders(home), ...environment },
        timeLimitSeconds: this.#options.timeLimitSeconds,
        signal,
        print,
        edit,
      });
      if (end.exitCode === 0) await takeResult(path.join(work, result), path.join(folder, result));
      return end;
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
}

const withoutProxy = Object.fromEntries(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].flatMap((name) => [
    [name, ''],
    [name.toLowerCase(), ''],
  ]),
);

/** Keeps the tools from reading and filling the folders of the runner's user. */
function ownFolders(home: string): Record<string, string> {
  return {
    HOME: home,
    TMPDIR: home,
    XDG_CONFIG_HOME: path.join(home, '.config'),
    XDG_CACHE_HOME: path.join(home, '.cache'),
    XDG_DATA_HOME: path.join(home, '.local', 'share'),
    XDG_STATE_HOME: path.join(home, '.local', 'state'),
    PNPM_HOME: path.join(home, 'pnpm'),
  };
}

/** A tool that has nothing to install creates no folder. */
async function takeResult(made: string, target: string): Promise<void> {
  await rm(target, { recursive: true, force: true });
  await rename(made, target).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    await mkdir(target);
  });
}

async function closed(listener: Server): Promise<void> {
  return new Promise((resolve) => {
    listener.close(() => resolve());
  });
}
