/** Imports workers from git repositories: a commit becomes a version. A pull imports only if something changed. */
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { settings, type Config } from '../configuration/configuration.ts';
import { ChelaError, invalidArgument } from '../errors.ts';
import { AddressGuard, AllowList } from '../addresses/addresses.ts';
import {
  type GitSource,
  type PackageCache,
  PackageUnchangedError,
  type PublishedVersion,
  type VersionOrigin,
  type WorkerDetails,
  type Workers,
  workerNameFromTitle,
  zipFolder,
} from '../workers/workers.ts';
import { GitError, GitProcess, keepsToAddresses } from './git-process.ts';
import { GitRepository, tooLarge, type RepositoryLimits } from './git-repository.ts';
import { checkGitFolder, checkGitRef, parseGitUrl, type GitUrl } from './git-url.ts';

const allowedSetting = settings.gitAllowedTargets.environment;

export interface GitPlace {
  readonly url: string;
  /** Branch, tag or commit; the default branch if empty or omitted. */
  readonly ref?: string;
  readonly folder?: string;
  /** Used for this request only. */
  readonly token?: string;
}

export interface ImportedVersion extends PublishedVersion {
  readonly git: GitSource;
}

export interface PulledVersion extends Omit<ImportedVersion, 'slug' | 'path' | 'isCurrent'> {
  readonly isChanged: boolean;
}

interface GitImportsOptions {
  readonly workers: Workers;
  readonly packages: PackageCache;
  readonly config: Pick<
    Config,
    | 'dataDir'
    | 'gitAllowedTargets'
    | 'gitSshKey'
    | 'gitTimeLimitSeconds'
    | 'gitConcurrency'
    | 'packageLimitBytes'
    | 'unpackedLimitBytes'
    | 'packageFileLimit'
  >;
}

/** Called with the resolved commit; decides what to import. */
type Import<T> = (found: { commit: string; pack: () => Promise<Packed> }) => Promise<T>;

interface Packed {
  readonly zipFile: string;
  readonly subject: string;
}

export class GitImports {
  readonly #options: GitImportsOptions;
  readonly #allowed: AllowList;
  readonly #guard: AddressGuard;
  readonly #limits: RepositoryLimits;
  #underWay = 0;

  constructor(options: GitImportsOptions) {
    this.#options = options;
    const { gitAllowedTargets, packageLimitBytes, unpackedLimitBytes, packageFileLimit } = options.config;
    this.#allowed = new AllowList(gitAllowedTargets);
    this.#guard = new AddressGuard({ allowed: this.#allowed, setting: allowedSetting });
    this.#limits = {
      fetchedBytes: packageLimitBytes,
      unpackedBytes: unpackedLimitBytes,
      files: packageFileLimit,
    };
  }

  /** Creates a worker from a repository. Its name and title default to the repository's name. */
  async create(
    owner: { id: number; name: string },
    place: GitPlace,
    details: WorkerDetails,
  ): Promise<ImportedVersion> {
    const { name } = parseGitUrl(place.url);
    const title = details.title ?? name;
    const named = { ...details, title, name: details.name ?? workerNameFromTitle(details.title ?? name) };
    return this.#import(place, async ({ commit, pack }) => {
      const { zipFile, subject } = await pack();
      const origin = originOf(place, commit, subject);
      const published = await this.#options.workers.create(owner, zipFile, named, { origin });
      return { ...published, git: origin.git };
    });
  }

  /** Publishes a new version from a repository. @throws ChelaError if the package equals that of the current version */
  async addVersion(
    accountId: number,
    workerId: string,
    place: GitPlace,
    details: Omit<WorkerDetails, 'name'>,
  ): Promise<ImportedVersion> {
    const { workers } = this.#options;
    await workers.own(accountId, workerId);
    return this.#import(place, async ({ commit, pack }) => {
      const { zipFile, subject } = await pack();
      const origin = originOf(place, commit, subject);
      const published = await workers.addVersion(accountId, workerId, zipFile, details, { origin });
      return { ...published, git: origin.git };
    });
  }

  /** Imports the source of the newest git version again, if both its commit and its package changed. */
  async pull(accountId: number, workerId: string, token: string | undefined): Promise<PulledVersion> {
    const { workers } = this.#options;
    const worker = await workers.own(accountId, workerId);
    const newest = await workers.versions.newestFromGit(worker.id);
    if (newest?.git === undefined)
      throw invalidArgument('no version of this worker was imported from a git repository: set git_url');
    const { version, git, warnings } = newest;
    const place = { ...git, token };
    const unchanged = { isChanged: false, version, git, warnings };
    return this.#import(place, async ({ commit, pack }) => {
      if (commit === git.commit) return unchanged;
      const { zipFile, subject } = await pack();
      const origin = originOf(place, commit, subject);
      try {
        const published = await workers.addVersion(accountId, workerId, zipFile, {}, { origin });
        return { isChanged: true, version: published.version, git: origin.git, warnings: published.warnings };
      } catch (error) {
        if (error instanceof PackageUnchangedError) return unchanged;
        throw error;
      }
    });
  }

  async #import<T>(place: GitPlace, work: Import<T>): Promise<T> {
    const { packages, config } = this.#options;
    const url = parseGitUrl(place.url);
    const ref = place.ref ?? '';
    if (ref !== '') checkGitRef(ref);
    const folder = checkGitFolder(place.folder ?? '');
    if (this.#underWay >= config.gitConcurrency)
      throw new ChelaError('RATE_LIMITED', 'too many git imports are in progress: retry in a moment');
    this.#underWay += 1;
    const draft = await packages.draftDir().catch((error: unknown) => {
      this.#underWay -= 1;
      throw error;
    });
    const late = AbortSignal.timeout(config.gitTimeLimitSeconds * 1000);
    const stopped = new AbortController();
    try {
      const git = await this.#process(url, place.token, draft, AbortSignal.any([late, stopped.signal]));
      if (url.scheme !== 'ssh' && !keepsToAddresses(await git.run('version')))
        throw new GitError('git on the API host is older than 2.37: ask the operator to upgrade it');
      const repository = new GitRepository(git, {
        url: url.url,
        folder: draft,
        limits: this.#limits,
        onTooLarge: () => stopped.abort(tooLarge(this.#limits)),
      });
      const commit = await repository.commitOf(ref);
      const pack = async (): Promise<Packed> => {
        const checkout = await repository.checkOut(commit, folder);
        const zipFile = path.join(draft, 'package.zip');
        await pipeline(await zipFolder(checkout.folder), createWriteStream(zipFile));
        return { zipFile, subject: checkout.subject };
      };
      return await work({ commit, pack });
    } catch (error) {
      if (error instanceof GitError)
        throw invalidArgument(`the repository could not be read: ${error.message}`);
      if (late.aborted && error === late.reason)
        throw invalidArgument(
          `reading the repository took longer than ${config.gitTimeLimitSeconds} s (CHELA_GIT_TIME_LIMIT_SECONDS)`,
        );
      throw error;
    } finally {
      this.#underWay -= 1;
      await rm(draft, { recursive: true, force: true });
    }
  }

  /** @throws ChelaError INVALID_ARGUMENT for a repository whose address is not allowed */
  async #process(
    url: GitUrl,
    token: string | undefined,
    folder: string,
    signal: AbortSignal,
  ): Promise<GitProcess> {
    const { dataDir, gitSshKey } = this.#options.config;
    const addresses = await this.#guard.addresses(url).catch((error: Error) => {
      throw invalidArgument(`the repository cannot be reached: ${error.message}`);
    });
    const isAllowed = ({ address }: { address: string }): boolean =>
      this.#allowed.hasAddress(address, url.port);
    if (url.scheme === 'http' && !this.#allowed.hasName(url.host, url.port) && !addresses.every(isAllowed)) {
      throw invalidArgument(
        `plain http is not allowed: use https, or ask the operator to allow the address with ${allowedSetting}`,
      );
    }
    if (url.scheme === 'ssh' && gitSshKey === '')
      throw invalidArgument('ssh is not configured: use https, or ask the operator to set CHELA_GIT_SSH_KEY');
    const knownHosts = path.join(dataDir, 'git');
    await mkdir(knownHosts, { recursive: true, mode: 0o700 });
    return new GitProcess(
      {
        url,
        addresses,
        user: url.credentials.user,
        password: token ?? url.credentials.password,
        sshKeyFile: gitSshKey,
        knownHostsFile: path.join(knownHosts, 'known_hosts'),
      },
      folder,
      signal,
    );
  }
}

function originOf(place: GitPlace, commit: string, subject: string): VersionOrigin {
  const { url } = parseGitUrl(place.url);
  const folder = checkGitFolder(place.folder ?? '');
  return { git: { url, ref: place.ref ?? '', folder, commit }, description: subject };
}
