/** Workers and their versions: publishing packages, and finding workers by slug or path. */
import type { PoolClient } from 'pg';
import { ulid } from 'ulid';
import type { Database } from '../database/database.ts';
import { ChelaError, invalidArgument } from '../errors.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Storage } from '../storage/storage.ts';
import { makeCurrent } from './current-version.ts';
import { DependencyInstalls } from './dependency-installs.ts';
import type { PackageCache } from './package-cache.ts';
import type { PackageReader } from './package-reader.ts';
import type { Finding } from './input-schema.ts';
import { checkNewest } from './newest-version.ts';
import { acceptPackage, type AcceptedPackage } from './upload.ts';
import { VersionList, type GitSource, type ListedVersion } from './version-list.ts';
import { packageKey, publishBlob, type WorkerBlobs } from './worker-blobs.ts';
import { readIcon, storeIcon, type WorkerIcon } from './worker-icon.ts';
import { isWorkerSlug, splitWorkerPath, workerPath } from './worker-id.ts';
import { changeWorker, deleteWorker, type WorkerSettings } from './worker-settings.ts';
import { checkWorkerName, workerNameFromTitle } from './worker-name.ts';
import {
  matchOf,
  selectWorkers,
  versionColumns,
  type VersionRecord,
  type WorkerRecord,
} from './worker-record.ts';

export { allowedHostLimit, checkNarrower, readAllowedHosts } from './allowed-hosts.ts';
export { zipFiles, zipFolder } from './archive.ts';
export { defaultInput } from './default-input.ts';
export { writeEditedPackage, type PackageEdit } from './edited-package.ts';
export {
  DependencyInstalls,
  type InstallLine,
  type InstallRecord,
  type InstallableVersion,
  installDependencies,
} from './dependency-installs.ts';
export { quoted } from './findings.ts';
export type { InstallStatus } from './install-statuses.ts';
export type { Language } from './languages.ts';
export { PackageCache } from './package-cache.ts';
export { listPackageFiles, type PackageFile } from './package-files.ts';
export { PackageReader } from './package-reader.ts';
export { listPublishedFiles, type PublishedFiles } from './published-files.ts';
export { InstallSetAsideError } from './unfinished-installs.ts';
export { changedDependencies, changedFields } from './version-changes.ts';
export { changedFiles, fileOfVersion, filesOfVersion } from './version-files.ts';
export type { GitSource, ListedVersion } from './version-list.ts';
export { WorkerBlobs } from './worker-blobs.ts';
export { iconTextLimit } from './worker-icon.ts';
export { isWorkerSlug, splitWorkerPath, workerPath } from './worker-id.ts';
export { findWorkerKey } from './worker-key.ts';
export { workerNameFromTitle } from './worker-name.ts';
export type { WorkerRecord } from './worker-record.ts';

export interface WorkerDetails {
  readonly name?: string;
  readonly title?: string;
  readonly description?: string;
  readonly category?: number;
  /** A data URL. */
  readonly icon?: string;
}

export interface PublishedVersion {
  readonly slug: string;
  readonly path: string;
  readonly version: string;
  /** Whether runs that name no version use it already. */
  readonly isCurrent: boolean;
  readonly warnings: readonly Finding[];
}

/** The git origin of a version, if it has one. */
export interface VersionOrigin {
  readonly git: GitSource;
  /** Subject line of the commit. */
  readonly description: string;
}

interface PublishingOptions {
  readonly origin?: VersionOrigin;
  /** Whether the package was made from edited files. */
  readonly isEdited?: boolean;
}

export interface OwnVersion {
  readonly worker: WorkerRecord;
  readonly record: VersionRecord;
  readonly listed: ListedVersion;
}

export interface WorkersOptions {
  readonly database: Database;
  readonly blobs: WorkerBlobs;
  readonly packages: PackageCache;
  readonly storage: Storage;
  readonly jobs: Jobs;
  readonly reader: PackageReader;
}

/** Abbreviated or full commit ids. */
const commitPattern = /^[0-9a-f]{7,64}$/;

/** The package equals that of the current version, or of one that awaits its installation. Clients rely on the exact message. */
export class PackageUnchangedError extends ChelaError {
  constructor(version: string) {
    super('INVALID_ARGUMENT', 'Script package is unchanged', [`${version} has the same package`]);
  }
}

export class Workers {
  readonly installs: DependencyInstalls;
  readonly versions: VersionList;
  readonly #database: Database;
  readonly #packages: PackageCache;
  readonly #storage: Storage;
  readonly #blobs: WorkerBlobs;
  readonly #reader: PackageReader;

  constructor(options: WorkersOptions) {
    this.#database = options.database;
    this.#packages = options.packages;
    this.#storage = options.storage;
    this.#blobs = options.blobs;
    this.#reader = options.reader;
    this.installs = new DependencyInstalls(options.database, options.jobs);
    this.versions = new VersionList(options.database);
  }

  /**
   * Creates a worker from its first package, as version v1.0.1.
   * @param details the name defaults to the title, the title to the name; one of them is required
   */
  async create(
    owner: { id: number; name: string },
    zipFile: string,
    details: WorkerDetails,
    options: PublishingOptions & { isPublic?: boolean } = {},
  ): Promise<PublishedVersion> {
    const given = details.name ?? details.title;
    if (given === undefined)
      throw invalidArgument('title is required: the name of the new worker is derived from it');
    const name = details.name === undefined ? workerNameFromTitle(given) : details.name;
    checkWorkerName(name);
    const accepted = await acceptPackage(zipFile, this.#packages, this.#reader);
    const iconKey = await this.#storedIcon(details);
    const slug = ulid();
    const { version } = await this.#database.transaction(async (client) => {
      const { rows } = await client.query<{ id: number }>(
        `INSERT INTO worker (slug, account_id, name, title, description, category, is_public, icon_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (account_id, name) DO NOTHING RETURNING id`,
        [
          slug,
          owner.id,
          name,
          details.title ?? name,
          details.description ?? '',
          details.category ?? null,
          options.isPublic ?? false,
          iconKey ?? null,
        ],
      );
      const [worker] = rows;
      if (worker === undefined) {
        const path = workerPath(owner.name, name);
        throw invalidArgument(
          `worker ${path} already exists: upload a new version of it, or choose another name`,
        );
      }
      return this.#insertVersion(client, worker.id, accepted, options);
    });
    return {
      slug,
      path: workerPath(owner.name, name),
      version,
      isCurrent: true,
      warnings: accepted.warnings,
    };
  }

  /**
   * Publishes a new version of a worker of this account: v1.0.2 after v1.0.1. It becomes current once its dependencies
   * are installed.
   * @param options.newest the newest version that the author knew; any if omitted
   * @throws ChelaError INVALID_ARGUMENT if the package equals that of the current version, or of one that awaits its
   *   installation; PRECONDITION_FAILED if there is a newer version than the author knew
   */
  async addVersion(
    accountId: number,
    workerId: string,
    zipFile: string,
    details: Omit<WorkerDetails, 'name'> = {},
    options: PublishingOptions & { newest?: string | undefined } = {},
  ): Promise<PublishedVersion> {
    const worker = await this.own(accountId, workerId);
    const accepted = await acceptPackage(zipFile, this.#packages, this.#reader);
    const iconKey = await this.#storedIcon(details);
    const { version, isCurrent } = await this.#database.transaction(async (client) => {
      await client.query('SELECT FROM worker WHERE id = $1 FOR UPDATE', [worker.id]);
      await checkNewest(client, worker.id, options.newest);
      const { rows } = await client.query<{ version: string }>(
        `SELECT version FROM worker_version JOIN worker ON worker.id = worker_id
         WHERE worker_id = $1 AND package_hash = $2 AND (worker_version.id = current_version_id OR becomes_current)
         ORDER BY worker_version.id DESC LIMIT 1`,
        [worker.id, accepted.hash],
      );
      const [same] = rows;
      if (same !== undefined) throw new PackageUnchangedError(same.version);
      await describeWorker(client, worker.id, { ...details, iconKey });
      return this.#insertVersion(client, worker.id, accepted, options);
    });
    return {
      slug: worker.slug,
      path: workerPath(worker.owner, worker.name),
      version,
      isCurrent,
      warnings: accepted.warnings,
    };
  }

  /**
   * Replaces a version of a worker of this account: its package, if one is given, and the worker's description. Waiting
   * runs will use the new package.
   * @throws ChelaError INVALID_ARGUMENT if the package is the same as before
   */
  async replaceVersion(
    accountId: number,
    workerId: string,
    versionName: string,
    change: { zipFile?: string; details: Omit<WorkerDetails, 'name'> },
  ): Promise<PublishedVersion> {
    const worker = await this.own(accountId, workerId);
    const version = await this.version(worker, versionName);
    const { zipFile, details } = change;
    const accepted =
      zipFile === undefined ? undefined : await acceptPackage(zipFile, this.#packages, this.#reader);
    if (accepted?.hash === version.package_hash) throw new PackageUnchangedError(version.version);
    const iconKey = await this.#storedIcon(details);
    await this.#database.transaction(async (client) => {
      await describeWorker(client, worker.id, { ...details, iconKey });
      if (accepted === undefined) return;
      await publishBlob(client, packageKey(accepted.hash), packageKey(version.package_hash));
      await client.query(
        `UPDATE worker_version SET package_hash = $2, language = $3, entry = $4, input_schema = $5,
           output_schema = $6, readme = $7, warnings = $8, package_bytes = $9, declared_hosts = $10, description = '',
           git_url = NULL, git_ref = NULL, git_folder = NULL, git_commit = NULL, is_edited = false WHERE id = $1`,
        [version.id, ...packageColumns(accepted)],
      );
      await this.installs.queue(client, version.id, needsInstallation(accepted));
    });
    return {
      slug: worker.slug,
      path: workerPath(worker.owner, worker.name),
      version: version.version,
      isCurrent: version.id === worker.current_version_id,
      warnings: accepted?.warnings ?? [],
    };
  }

  /**
   * Makes a version of a worker of this account current, now or once its dependencies are installed.
   * @returns the version, and the name of the one that was current before
   * @throws ChelaError INVALID_ARGUMENT if its dependencies could not be installed
   */
  async makeCurrent(
    accountId: number,
    workerId: string,
    versionName: string,
  ): Promise<OwnVersion & { readonly previous: string }> {
    const worker = await this.own(accountId, workerId);
    const version = await this.version(worker, versionName);
    const previous = await this.#database.transaction(async (client) => makeCurrent(client, worker, version));
    return { ...(await this.ownVersion(accountId, workerId, version.version)), previous };
  }

  async #storedIcon({ icon }: WorkerDetails): Promise<string | undefined> {
    return icon === undefined ? undefined : storeIcon(this.#storage, this.#blobs, icon);
  }

  /** Changes the description of a worker of this account, and whether the store lists it. */
  async change(accountId: number, workerId: string, settings: WorkerSettings): Promise<void> {
    const worker = await this.own(accountId, workerId);
    await changeWorker(this.#database, this.#storage, this.#blobs, worker.id, settings);
  }

  /** @throws ChelaError NOT_FOUND if the worker has none */
  async icon(worker: WorkerRecord): Promise<WorkerIcon> {
    if (worker.icon_key === null) throw new ChelaError('NOT_FOUND', 'this worker has no icon');
    return readIcon(this.#storage, worker.icon_key);
  }

  /**
   * Deletes a worker of this account. Its runs stay readable with their data. Its tasks can no longer run, and its
   * queue items are released. Its name can be used again.
   */
  async delete(accountId: number, workerId: string): Promise<void> {
    const worker = await this.own(accountId, workerId);
    await deleteWorker(this.#database, worker.id);
  }

  /** A version of a worker of this account, by name, `latest`, or commit id. */
  async ownVersion(accountId: number, workerId: string, version: string): Promise<OwnVersion> {
    const worker = await this.own(accountId, workerId);
    const record = await this.version(worker, version);
    return { worker, record, listed: await this.versions.get(record.id) };
  }

  /** A worker of this account. @throws ChelaError NOT_FOUND */
  async own(accountId: number, workerId: string): Promise<WorkerRecord> {
    const worker = await this.get(accountId, workerId);
    if (worker.account_id !== accountId)
      throw new ChelaError('NOT_FOUND', `worker ${workerId} belongs to another account`);
    return worker;
  }

  async #insertVersion(
    client: PoolClient,
    workerKey: number,
    accepted: AcceptedPackage,
    { origin, isEdited = false }: PublishingOptions,
  ): Promise<{ version: string; isCurrent: boolean }> {
    const { url = null, ref = null, folder = null, commit = null } = origin?.git ?? {};
    const mustInstall = needsInstallation(accepted);
    await publishBlob(client, packageKey(accepted.hash));
    // The first version is current in any case, because there is no other.
    const { rows } = await client.query<{ id: number; version: string; is_current: boolean }>(
      `WITH added AS (
         INSERT INTO worker_version
           (worker_id, version, package_hash, language, entry, input_schema, output_schema, readme, warnings,
            package_bytes, declared_hosts, description, git_url, git_ref, git_folder, git_commit, is_edited, becomes_current)
         SELECT $1::bigint, 'v1.0.' || count(*) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
           $17::boolean AND count(*) > 0
         FROM worker_version WHERE worker_id = $1::bigint
         RETURNING id, version, becomes_current
       ), settled AS (
         UPDATE worker_version SET becomes_current = false FROM added
         WHERE worker_id = $1::bigint AND worker_version.becomes_current AND NOT added.becomes_current
       )
       UPDATE worker SET current_version_id = CASE WHEN becomes_current THEN current_version_id ELSE added.id END
       FROM added WHERE worker.id = $1::bigint AND worker.deleted_at IS NULL
       RETURNING added.id, added.version, NOT becomes_current AS is_current`,
      [
        workerKey,
        ...packageColumns(accepted),
        origin?.description ?? '',
        url,
        ref,
        folder,
        commit,
        isEdited,
        mustInstall,
      ],
    );
    const [added] = rows;
    if (added === undefined) throw new ChelaError('NOT_FOUND', 'the worker was deleted in the meantime');
    await this.installs.queue(client, added.id, mustInstall);
    return { version: added.version, isCurrent: added.is_current };
  }

  /**
   * A worker that the account may see: its own, or a public one.
   * @param accountId undefined without a credential, which sees only public workers
   * @param workerId slug or `owner~name`
   */
  async find(accountId: number | undefined, workerId: string): Promise<WorkerRecord | undefined> {
    const path = splitWorkerPath(workerId);
    if (path === undefined && !isWorkerSlug(workerId)) return undefined;
    const workers = selectWorkers(this.#database.sql).where((expression) =>
      expression.or([
        expression('worker.is_public', '=', true),
        expression('worker.account_id', '=', accountId ?? null),
      ]),
    );
    return path === undefined
      ? workers.where('worker.slug', '=', workerId).executeTakeFirst()
      : workers
          .where('account.name', '=', path.owner)
          .where('worker.name', '=', path.name)
          .executeTakeFirst();
  }

  /** @throws ChelaError NOT_FOUND */
  async get(accountId: number | undefined, workerId: string): Promise<WorkerRecord> {
    const worker = await this.find(accountId, workerId);
    if (worker === undefined) throw new ChelaError('NOT_FOUND', `worker ${workerId} does not exist`);
    return worker;
  }

  /**
   * Pages of workers: those of an account, or those of the store. Newest first; with a keyword, best match first.
   * @param filter.keyword part of the title, slug or path; case is ignored
   */
  async list(
    scope: { accountId: number } | 'store',
    filter: { keyword?: string; category?: number },
    page: { number: number; size: number },
  ): Promise<{ count: number; list: WorkerRecord[] }> {
    let workers = selectWorkers(this.#database.sql);
    workers =
      scope === 'store'
        ? workers.where('worker.is_public', '=', true)
        : workers.where('worker.account_id', '=', scope.accountId);
    const { keyword, category } = filter;
    if (category !== undefined) workers = workers.where('worker.category', '=', category);
    if (keyword !== undefined) workers = workers.where(matchOf(keyword), '>', 0);
    const { count } = await workers
      .clearSelect()
      .select((expression) => expression.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    if (keyword !== undefined) workers = workers.orderBy(matchOf(keyword), 'desc');
    const list = await workers
      .orderBy('worker.id', 'desc')
      .limit(page.size)
      .offset((page.number - 1) * page.size)
      .execute();
    return { count, list };
  }

  /**
   * @param version `v1.0.1`, `1.0.1`, `latest`, at least 7 digits of a git commit, or undefined for the current one
   * @throws ChelaError WORKER_VERSION_UNAVAILABLE
   */
  async version(worker: WorkerRecord, version?: string): Promise<VersionRecord> {
    const versions = this.#database.sql.selectFrom('worker_version').select(versionColumns);
    const wanted = version?.trim() ?? '';
    const ofWorker = versions.where('worker_id', '=', worker.id);
    const named = (): typeof versions =>
      commitPattern.test(wanted)
        ? ofWorker.where('git_commit', 'like', `${wanted}%`).orderBy('id', 'desc')
        : ofWorker.where('version', '=', wanted.startsWith('v') ? wanted : `v${wanted}`);
    const found = await (
      wanted === '' || wanted === 'latest' ? versions.where('id', '=', worker.current_version_id) : named()
    ).executeTakeFirst();
    if (found === undefined) {
      throw new ChelaError(
        'WORKER_VERSION_UNAVAILABLE',
        `${workerPath(worker.owner, worker.name)} has no version ${wanted}: the current one is ${worker.version}`,
      );
    }
    return found;
  }
}

/** Python packages always need at least the base installation. */
function needsInstallation({ declaredDependencies, language }: AcceptedPackage): boolean {
  return declaredDependencies || language === 'python';
}

/** The stored properties of a package, in the order of their columns. */
function packageColumns(accepted: AcceptedPackage): unknown[] {
  return [
    accepted.hash,
    accepted.language,
    accepted.entry,
    accepted.inputSchemaText,
    accepted.outputSchemaText ?? null,
    accepted.readme,
    JSON.stringify(accepted.warnings),
    accepted.sizeBytes,
    accepted.declaredHosts === undefined ? null : JSON.stringify(accepted.declaredHosts),
  ];
}

/** Applies the description in an upload to its worker; omitted fields keep their values. */
async function describeWorker(
  client: PoolClient,
  workerKey: number,
  details: Omit<WorkerDetails, 'name' | 'icon'> & { readonly iconKey: string | undefined },
): Promise<void> {
  await client.query(
    `UPDATE worker SET title = coalesce($2, title), description = coalesce($3, description),
       category = coalesce($4, category), icon_key = coalesce($5, icon_key), updated_at = now() WHERE id = $1`,
    [workerKey, details.title, details.description, details.category, details.iconKey],
  );
}
