/** Rows of workers and versions, as read by the rest of the platform. */
import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { Tables } from '../database/database.ts';
import type { Language } from './languages.ts';

export interface WorkerRecord {
  readonly id: number;
  readonly slug: string;
  readonly account_id: number;
  readonly owner: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly category: number | null;
  readonly icon_key: string | null;
  readonly is_public: boolean;
  /** null allows every host. */
  readonly allowed_hosts: readonly string[] | null;
  readonly created_at: Date;
  readonly current_version_id: number;
  readonly version: string;
}

export interface VersionRecord {
  readonly id: number;
  readonly version: string;
  readonly package_hash: string;
  readonly language: Language;
  readonly entry: string;
  readonly input_schema: string;
  readonly output_schema: string | null;
  /** Of network.json; null if there is none. */
  readonly declared_hosts: readonly string[] | null;
  readonly readme: string;
}

const workerColumns = [
  'worker.id',
  'worker.slug',
  'worker.account_id',
  'account.name as owner',
  'worker.name',
  'worker.title',
  'worker.description',
  'worker.category',
  'worker.icon_key',
  'worker.is_public',
  'worker.allowed_hosts',
  'worker.created_at',
  'worker_version.id as current_version_id',
  'worker_version.version',
] as const;

/** Workers with their owner and current version, without deleted ones. */
export function selectWorkers(database: Kysely<Tables>) {
  return database
    .selectFrom('worker')
    .innerJoin('account', 'account.id', 'worker.account_id')
    .innerJoin('worker_version', 'worker_version.id', 'worker.current_version_id')
    .where('worker.deleted_at', 'is', null)
    .select(workerColumns);
}

/**
 * How well a worker matches a keyword: 3 if its title, name, slug or path equals it, 2 if the title or name starts with
 * it, 1 if the title, slug or path contains it, otherwise 0. Case is ignored; `owner/name` equals `owner~name`.
 */
export function matchOf(keyword: string): RawBuilder<number> {
  const text = keyword.toLowerCase();
  const pathText = text.replaceAll('/', '~');
  const path = sql`account.name || '~' || worker.name`;
  return sql<number>`CASE
    WHEN lower(worker.title) = ${text} OR worker.name = ${text} OR lower(worker.slug) = ${text}
      OR ${path} = ${pathText} THEN 3
    WHEN starts_with(lower(worker.title), ${text}) OR starts_with(worker.name, ${text}) THEN 2
    WHEN strpos(lower(worker.title), ${text}) > 0 OR strpos(lower(worker.slug), ${text}) > 0
      OR strpos(${path}, ${pathText}) > 0 THEN 1
    ELSE 0 END`;
}

export const versionColumns = [
  'id',
  'version',
  'package_hash',
  'language',
  'entry',
  'input_schema',
  'output_schema',
  'declared_hosts',
  'readme',
] as const;
