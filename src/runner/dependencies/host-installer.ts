/**
 * Runs package managers as ordinary processes of the runner, if there is no sandbox for them. They can reach what the
 * host can reach, so packages' own code is not run.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AllowList } from '../../addresses/addresses.ts';
import type { Config } from '../../configuration/configuration.ts';
import { SecretMask } from '../../logs/logs.ts';
import type { DeclarationReader } from './declaration-reader.ts';
import { HostLockTools } from './host-lock-tools.ts';
import type {
  Installer,
  LockedRequest,
  NpmRequest,
  PackageManagerEnd,
  PipRequest,
  UvRequest,
} from './installer.ts';
import { npmArguments } from './npm.ts';
import { findNpm, readNpmSettings } from './npm-settings.ts';
import { runPackageManager } from './package-manager.ts';
import { readPipSettings } from './pip-settings.ts';
import { pipArguments, pipFileArguments, pipFiles } from './pip.ts';
import { secretsOfAccess } from './registry-access.ts';

/** @param node folder of the Node that npm runs on */
function npmEnvironment(node: string): Record<string, string> {
  return {
    // npm must run on the Node that runs the workers, and install for it.
    PATH: `${node}:${process.env['PATH'] ?? ''}`,
    // Keeps dependencies of dependencies from using the host's credentials and files.
    GIT_ALLOW_PROTOCOL: 'https',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    npm_config_allow_file: 'none',
    npm_config_allow_directory: 'none',
  };
}

type HostInstallerConfig = Pick<Config, 'python' | 'installTimeLimitSeconds' | 'registryAllowedTargets'>;

export class HostInstaller implements Installer {
  readonly isFenced = false;
  readonly runsScripts = false;
  readonly buildsWheels = false;
  readonly buildSetting = 'CHELA_SANDBOX';
  readonly #python: string;
  readonly #timeLimitSeconds: number;
  readonly #notice: string;

  readonly #lockTools: HostLockTools;

  /** @param options.notice first line of every log; none if undefined */
  constructor(
    config: HostInstallerConfig,
    { reader, notice = '' }: { readonly reader: DeclarationReader; readonly notice?: string },
  ) {
    const { python, installTimeLimitSeconds: timeLimitSeconds } = config;
    const allowed = new AllowList(config.registryAllowedTargets);
    this.#python = python;
    this.#timeLimitSeconds = timeLimitSeconds;
    this.#notice = notice;
    this.#lockTools = new HostLockTools({ allowed, reader, timeLimitSeconds });
  }

  async npm(request: NpmRequest): Promise<PackageManagerEnd> {
    const { files, folder, print, signal, toolchain } = request;
    // Masks the configuration's secrets in all lines, even those that npm would show.
    const mask = await maskOf(async () => readNpmSettings(await findNpm()));
    const argv = [...npmArguments(request, this.runsScripts), '--prefix', folder];
    const environment = npmEnvironment(toolchain?.binDir ?? path.dirname(process.execPath));
    const options = { files, folder, print, signal, mask, environment };
    if (toolchain?.npmDir === undefined) return this.#run('npm', argv, options);
    const npm = path.join(toolchain.npmDir, 'bin', 'npm-cli.js');
    return this.#run(path.join(toolchain.binDir, 'node'), [npm, ...argv], options);
  }

  async pip(request: PipRequest): Promise<PackageManagerEnd> {
    const { folder, print, signal, interpreter } = request;
    const { command } = interpreter;
    const files = pipFiles(request);
    const settings = await readPipSettings(command, this.#python).catch(() => undefined);
    const mask = new SecretMask(settings === undefined ? [] : secretsOfAccess(settings));
    const target = ['--target', path.join(folder, 'site-packages'), ...pipFileArguments(files, `${folder}/`)];
    // Another Python may have no pip of its own.
    const pip = settings === undefined || command === this.#python ? ['-m', 'pip'] : [settings.folder];
    const argv = [...pip, 'install', ...pipArguments(this.buildsWheels), ...target];
    const environment = { PYTHONNOUSERSITE: '1' };
    return this.#run(command, argv, { files, folder, print, signal, mask, environment });
  }

  async locked(request: LockedRequest): Promise<PackageManagerEnd> {
    this.#printNotice(request.print);
    return this.#lockTools.locked(request);
  }

  async exportUv(request: UvRequest): Promise<PackageManagerEnd> {
    return this.#lockTools.exportUv(request);
  }

  #printNotice(print: (line: string) => void): void {
    if (this.#notice !== '') print(this.#notice);
  }

  async #run(
    command: string,
    argv: readonly string[],
    options: Pick<NpmRequest, 'files' | 'folder' | 'print' | 'signal'> & {
      mask: SecretMask;
      environment: Record<string, string>;
    },
  ): Promise<PackageManagerEnd> {
    const { files, folder, print, mask } = options;
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
    this.#printNotice(print);
    return runPackageManager(command, argv, {
      ...options,
      timeLimitSeconds: this.#timeLimitSeconds,
      edit: (line) => mask.apply(line),
    });
  }
}

/** If the configuration cannot be read, the package manager itself reports why. */
async function maskOf(read: () => Promise<Parameters<typeof secretsOfAccess>[0]>): Promise<SecretMask> {
  return new SecretMask(await read().then(secretsOfAccess, () => []));
}
