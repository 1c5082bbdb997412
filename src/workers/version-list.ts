/** The versions of a worker for its owner: origin, findings, installation. */
import type { Database } from '../database/database.ts';
import type { InstallRecord } from './dependency-installs.ts';
import type { InstallStatus } from './install-statuses.ts';
import type { Finding } from './findings.ts';
import type { Language } from './languages.ts';

/** The git repository and commit that a version comes from. */
export interface GitSource {
  /** Without credentials. */
  readonly url: string;
  /** The requested ref; empty for the default branch. */
  readonly ref: string;
  /** Folder of the package in the repository; empty for the root. */
  readonly folder: string;
  readonly commit: string;
}

export interface ListedVersion {
  readonly id: number;
  readonly version: string;
  readonly created_at: Date;
  readonly description: string;
  readonly language: Language;
  readonly entry: string;
  readonly package_bytes: number;
  readonly warnings: readonly Finding[];
  readonly git: GitSource | undefined;
  /** Whether it becomes current once its dependencies are installed. */
  readonly becomes_current: boolean;
  /** Whether it was made from edited files rather than uploaded. */
  readonly is_edited: boolean;
  readonly install: InstallRecord;
}

export class VersionList {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Newest first. */
  async page(
    workerKey: number,
    page: { number: number; size: number },
  ): Promise<{ count: number; list: ListedVersion[] }> {
    const { count } = await this.#database.sql
      .selectFrom('worker_version')
      .where('worker_id', '=', workerKey)
      .select((expression) => expression.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    const rows = await this.#select()
      .where('worker_version.worker_id', '=', workerKey)
      .orderBy('worker_version.id', 'desc')
      .limit(page.size)
      .offset((page.number - 1) * page.size)
      .execute();
    return { count, list: rows.map(listedVersion) };
  }

  async get(versionKey: number): Promise<ListedVersion> {
    return listedVersion(
      await this.#select().where('worker_version.id', '=', versionKey).executeTakeFirstOrThrow(),
    );
  }

  /** Name of the newest version of a worker, current or not. */
  async newest(workerKey: number): Promise<string> {
    const { version } = await this.#database.sql
      .selectFrom('worker_version')
      .where('worker_id', '=', workerKey)
      .select('version')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow();
    return version;
  }

  /** The newest version that came from git. */
  async newestFromGit(workerKey: number): Promise<ListedVersion | undefined> {
    const row = await this.#select()
      .where('worker_version.worker_id', '=', workerKey)
      .where('worker_version.git_url', 'is not', null)
      .orderBy('worker_version.id', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row && listedVersion(row);
  }

  #select() {
    return this.#database.sql
      .selectFrom('worker_version')
      .leftJoin('dependency_install', 'dependency_install.worker_version_id', 'worker_version.id')
      .select([
        'worker_version.id',
        'worker_version.version',
        'worker_version.created_at',
        'worker_version.description',
        'worker_version.language',
        'worker_version.entry',
        'worker_version.package_bytes',
        'worker_version.warnings',
        'worker_version.git_url',
        'worker_version.git_ref',
        'worker_version.git_folder',
        'worker_version.git_commit',
        'worker_version.becomes_current',
        'worker_version.is_edited',
        'dependency_install.status',
        'dependency_install.err_msg',
        'dependency_install.runtime',
        'dependency_install.is_truncated',
        'dependency_install.started_at',
        'dependency_install.finished_at',
      ]);
  }
}

interface VersionRow {
  readonly id: number;
  readonly version: string;
  readonly created_at: Date;
  readonly description: string;
  readonly language: Language;
  readonly entry: string;
  readonly package_bytes: number;
  readonly warnings: Finding[];
  readonly git_url: string | null;
  readonly git_ref: string | null;
  readonly git_folder: string | null;
  readonly git_commit: string | null;
  readonly becomes_current: boolean;
  readonly is_edited: boolean;
  readonly status: InstallStatus | null;
  readonly err_msg: string | null;
  readonly runtime: string | null;
  readonly is_truncated: boolean | null;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
}

function listedVersion(row: VersionRow): ListedVersion {
  const { git_url: url, git_ref: ref, git_folder: folder, git_commit: commit, ...version } = row;
  const { status, err_msg, runtime, is_truncated, started_at, finished_at, ...kept } = version;
  return {
    ...kept,
    git: url === null || commit === null ? undefined : { url, ref: ref ?? '', folder: folder ?? '', commit },
    install: {
      status: status ?? 'none',
      err_msg: err_msg ?? '',
      runtime: runtime ?? '',
      is_truncated: is_truncated ?? false,
      started_at,
      finished_at,
    },
  };
}
