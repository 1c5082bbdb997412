/** Tables of this room: workers, their versions, and the installation of dependencies. */
import type { Generated, GeneratedAlways, JSONColumnType } from 'kysely';
import type { Finding } from './findings.ts';
import type { InstallStatus } from './install-statuses.ts';
import type { Language } from './languages.ts';

declare module '../database/tables.ts' {
  interface Tables {
    worker: WorkerTable;
    worker_version: WorkerVersionTable;
    worker_blob: WorkerBlobTable;
    dependency_install: DependencyInstallTable;
    dependency_install_line: DependencyInstallLineTable;
    unfinished_install: UnfinishedInstallTable;
  }
}

interface WorkerTable {
  id: GeneratedAlways<number>;
  slug: string;
  account_id: number;
  name: string;
  title: string;
  description: string;
  category: number | null;
  icon_key: string | null;
  is_public: Generated<boolean>;
  allowed_hosts: JSONColumnType<string[] | null, string | null | undefined, string | null>;
  current_version_id: number | null;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
  deleted_at: Date | null;
}

interface WorkerVersionTable {
  id: GeneratedAlways<number>;
  worker_id: number;
  version: string;
  package_hash: string;
  language: Language;
  entry: string;
  input_schema: string;
  output_schema: string | null;
  readme: string;
  warnings: JSONColumnType<Finding[]>;
  declared_hosts: JSONColumnType<string[] | null, string | null | undefined, string | null>;
  description: Generated<string>;
  package_bytes: Generated<number>;
  git_url: string | null;
  git_ref: string | null;
  git_folder: string | null;
  git_commit: string | null;
  becomes_current: Generated<boolean>;
  is_edited: Generated<boolean>;
  created_at: Generated<Date>;
}

interface WorkerBlobTable {
  key: string;
  claimed_at: Generated<Date>;
}

interface DependencyInstallTable {
  worker_version_id: number;
  status: InstallStatus;
  attempt: Generated<number>;
  err_msg: Generated<string>;
  runtime: Generated<string>;
  is_truncated: Generated<boolean>;
  started_at: Date | null;
  finished_at: Date | null;
}

interface DependencyInstallLineTable {
  worker_version_id: number;
  number: number;
  content: string;
  logged_at: Date;
}

interface UnfinishedInstallTable {
  id: GeneratedAlways<number>;
  worker_version_id: number;
  runner_id: number;
  begun_at: Generated<Date>;
}
