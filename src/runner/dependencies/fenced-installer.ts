/**
 * Runs package managers in a sandbox that can reach only the package registries that npm's and pip's configuration on
 * this host names. Credentials stay outside, in the gateway.
 */
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../configuration/configuration.ts';
import type { Events } from '../../events/events.ts';
import { AllowList } from '../../addresses/addresses.ts';
import type { Launch, Sandbox } from '../sandbox.ts';
import type { DeclarationReader } from './declaration-reader.ts';
import { InstallFence } from './install-fence.ts';
import { InstallerTools } from './installer-tools.ts';
import type {
  Installer,
  LockedRequest,
  NpmRequest,
  PackageManagerEnd,
  PipRequest,
  UvRequest,
} from './installer.ts';
import { localLockFiles, lockToolRun } from './lock-tools.ts';
import { editOf, npmrc, openGateway, openNpmGateway } from './npm-gateway.ts';
import { findNpm, readNpmSettings } from './npm-settings.ts';
import { npmArguments } from './npm.ts';
import { readPipSettings, type PipSettings } from './pip-settings.ts';
import { pipArguments, pipFileArguments, pipFiles } from './pip.ts';
import type { RegistryGateway, ServedRegistry } from './registry-gateway.ts';
import { uvExport } from './uv-lock.ts';

/** Temporary files go to the home folder, which is on disk, instead of `/tmp`, which is in memory. */
const inHome = ['/usr/bin/env', 'sh', '-c', 'TMPDIR=$HOME exec "$@"', 'sh'];

export interface FencedInstallerServices {
  readonly reader: DeclarationReader;
  readonly events: Events;
}

export class FencedInstaller implements Installer {
  readonly isFenced = true;
  readonly runsScripts: boolean;
  readonly buildsWheels: boolean;
  readonly buildSetting = 'CHELA_BUILD_WHEELS';
  readonly #fence: InstallFence;
  readonly #tools: InstallerTools;
  readonly #python: string;
  readonly #allowed: AllowList;
  readonly #reader: DeclarationReader;

  /** @param sandbox of a kind that isolates */
  constructor(sandbox: Sandbox, config: Config, { reader, events }: FencedInstallerServices) {
    this.runsScripts = config.installScripts;
    this.buildsWheels = config.buildWheels;
    this.#fence = new InstallFence(sandbox, config, events);
    this.#tools = new InstallerTools(config.cacheDir);
    this.#python = config.python;
    this.#allowed = new AllowList(config.registryAllowedTargets);
    this.#reader = reader;
  }

  async npm(request: NpmRequest): Promise<PackageManagerEnd> {
    const { files, folder, print, signal, toolchain } = request;
    const source = await findNpm();
    const [settings, npm] = await Promise.all([
      readNpmSettings(source),
      toolchain?.npmDir ?? this.#tools.npm(source),
    ]);
    const { gateway, registries } = openNpmGateway(settings, this.#allowed);
    const places = gateway.npmPlaces();
    const local: Record<string, string> = {};
    for (const [name, text] of Object.entries(files)) {
      const isLock = name !== 'package.json';
      local[name] = isLock ? await this.#reader.localLock(text, places, signal) : text;
    }
    const argv = npmArguments(request, this.runsScripts);
    return this.#fence.run({
      folder,
      print,
      signal,
      gateway,
      files: { ...local, '.npmrc': npmrc(registries, ['fetch-retry-mintimeout=1000']) },
      launch: nodeToolLaunch({ npm }, 'bin/npm-cli.js', toolchain?.binDir, argv),
      result: 'node_modules',
      edit: editOf(settings, gateway),
    });
  }

  async locked(request: LockedRequest): Promise<PackageManagerEnd> {
    const { files, folder, print, signal, toolDir, script, binDir } = request;
    const settings = await readNpmSettings(await findNpm());
    const { gateway, registries } = openNpmGateway(settings, this.#allowed);
    const run = lockToolRun(request, registries, this.runsScripts);
    const local = await localLockFiles(files, gateway.npmPlaces(), this.#reader, signal);
    return this.#fence.run({
      folder,
      print,
      signal,
      gateway,
      files: { ...run.files, ...local },
      launch: nodeToolLaunch({ [request.tool]: toolDir }, script, binDir, run.argv),
      result: 'node_modules',
      edit: editOf(settings, gateway),
    });
  }

  async pip(request: PipRequest): Promise<PackageManagerEnd> {
    const { folder, print, signal, interpreter } = request;
    const files = pipFiles(request);
    const settings = await readPipSettings(interpreter.command, this.#python);
    const pip = await this.#tools.pip(settings.folder, settings.version);
    const { indexes, linkPages } = settings;
    const served = [
      ...indexes.map((url): ServedRegistry => ({ kind: 'index', url })),
      ...linkPages.map((url): ServedRegistry => ({ kind: 'page', url })),
    ];
    const gateway = openGateway(settings, served, this.#allowed);
    const linkFolders = await reachable(settings.linkFolders);
    return this.#fence.run({
      folder,
      print,
      signal,
      gateway,
      files,
      launch: this.#pipLaunch(interpreter.folder, pip, linkFolders, [
        ...pipArguments(this.buildsWheels),
        ...indexArguments(settings, gateway),
        ...pipFileArguments(files),
      ]),
      result: 'site-packages',
      edit: editOf(settings, gateway),
    });
  }

  async exportUv({
    files,
    folder,
    print,
    signal,
    interpreter,
    uvDir,
  }: UvRequest): Promise<PackageManagerEnd> {
    const access = { credentials: [], ca: [], unverifiedHosts: [], proxies: {} };
    return this.#fence.run({
      folder,
      print,
      signal,
      // It needs no registry.
      gateway: openGateway(access, [], this.#allowed),
      files,
      launch: {
        mounts: { python: interpreter.folder, uv: uvDir },
        command: (places) => [
          ...inHome,
          ...uvExport(`${places['uv']}/bin/uv`, `${places['python']}/bin/python3`),
        ],
        environment: (places) => ({ LD_LIBRARY_PATH: `${places['python']}/lib` }),
      },
      result: 'exported',
      edit: (line) => line,
    });
  }

  #pipLaunch(python: string, pip: string, linkFolders: readonly string[], argv: readonly string[]): Launch {
    const links = Object.fromEntries(linkFolders.map((folder, index) => [`links-${index}`, folder]));
    return {
      mounts: { python, pip, ...links },
      command: (places) => [
        ...inHome,
        `${places['python']}/bin/python3`,
        `${places['pip']}/pip`,
        'install',
        '--isolated',
        '--no-cache-dir',
        ...argv,
        ...Object.keys(links).flatMap((name) => ['--find-links', places[name] ?? '']),
        '--target',
        'site-packages',
      ],
      environment: (places) => ({
        LD_LIBRARY_PATH: `${places['python']}/lib`,
        PYTHONUNBUFFERED: '1',
        PYTHONNOUSERSITE: '1',
      }),
    };
  }
}

/**
 * @param tool folder of its package, by its name
 * @param script path of its script in there
 * @param node folder of the Node to run it with; Chela's own if undefined
 */
function nodeToolLaunch(
  tool: Readonly<Record<string, string>>,
  script: string,
  node: string | undefined,
  argv: readonly string[],
): Launch {
  const [name = ''] = Object.keys(tool);
  return {
    mounts: { ...tool, ...(node !== undefined && { node }) },
    command: (places) => [...inHome, 'node', `${places[name]}/${script}`, ...argv],
    programs: (places) => (node === undefined ? [] : [places['node'] ?? '']),
    // Node warns about calls in older tools, which is not for the author.
    environment: () => ({ NODE_NO_WARNINGS: '1' }),
  };
}

function indexArguments({ indexes, linkPages }: PipSettings, gateway: RegistryGateway): string[] {
  const [first, ...others] = indexes.map((_, index) => gateway.localUrl(index));
  const pages = linkPages.map((_, index) => gateway.localUrl(indexes.length + index));
  return [
    ...(first === undefined ? ['--no-index'] : ['--index-url', first]),
    ...others.flatMap((url) => ['--extra-index-url', url]),
    ...pages.flatMap((url) => ['--find-links', url]),
  ];
}

/** The folders that the sandbox's unprivileged user can enter. */
async function reachable(folders: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    const real = await realpath(folder);
    const parents = real
      .split(path.sep)
      .map((_, index, parts) => parts.slice(0, index + 1).join(path.sep) || '/');
    const modes = await Promise.all(parents.map(async (parent) => (await stat(parent)).mode));
    if (modes.every((mode) => (mode & 0o001) !== 0)) found.push(real);
  }
  return found;
}
