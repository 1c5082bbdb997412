/** Reads the hosts that a run connected to. */
import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { proposeHosts, type HostProposal } from './host-proposal.ts';
import type { RefusalReason } from './connection-outcomes.ts';

export const hostSorts = [
  'bytes',
  'sent_bytes',
  'received_bytes',
  'connections',
  'refused',
  'host',
  'first_at',
  'last_at',
] as const;
export type HostSort = (typeof hostSorts)[number];

export interface HostFilter {
  /** Number of a subtask; all if undefined. */
  readonly subtask?: number | undefined;
  /** Part of the host; case is ignored. */
  readonly keyword?: string | undefined;
  readonly sort: HostSort;
  readonly ascending: boolean;
}

/** Connections to one host and port, in bytes and numbers of connections. */
export interface HostRecord {
  /** Empty for the hosts beyond the limit, with port 0. */
  readonly host: string;
  readonly port: number;
  /** Opened connections. */
  readonly connections: number;
  readonly refused: number;
  /** Most frequent first. */
  readonly refusals: readonly { readonly reason: RefusalReason; readonly count: number }[];
  readonly sent_bytes: number;
  readonly received_bytes: number;
  readonly first_at: Date;
  readonly last_at: Date;
}

export type HostTotals = Pick<HostRecord, 'connections' | 'refused' | 'sent_bytes' | 'received_bytes'>;

export interface HostPage {
  readonly count: number;
  /** Over all hosts that match. */
  readonly totals: HostTotals;
  readonly list: readonly HostRecord[];
}

export class RunHosts {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** An allow-list for a worker, from the newest successful runs of an account. */
  proposal(scope: { readonly accountId: number; readonly workerKey: number }): Promise<HostProposal> {
    return proposeHosts(this.#database, scope);
  }

  /** The sum of further hosts is last, whatever the order. */
  async page(
    runId: number,
    { subtask, keyword, sort, ascending }: HostFilter,
    page: { readonly number: number; readonly size: number },
  ): Promise<HostPage> {
    let byOutcome = this.#database.sql
      .selectFrom('run_host')
      .select((expression) => [
        'host',
        'port',
        'outcome',
        expression.fn.sum<number>('connections').as('connections'),
        expression.fn.sum<number>('sent_bytes').as('sent_bytes'),
        expression.fn.sum<number>('received_bytes').as('received_bytes'),
        expression.fn.min('first_at').as('first_at'),
        expression.fn.max('last_at').as('last_at'),
      ])
      .where('run_id', '=', runId)
      .groupBy(['host', 'port', 'outcome']);
    if (subtask !== undefined) byOutcome = byOutcome.where('subtask', '=', subtask);
    if (keyword !== undefined)
      byOutcome = byOutcome.where(sql<boolean>`strpos(host, ${keyword.toLowerCase()}) > 0`);
    const hosts = this.#database.sql
      .with('by_outcome', () => byOutcome)
      .with('hosts', (database) =>
        database
          .selectFrom('by_outcome')
          .select([
            'host',
            'port',
            sql<number>`coalesce(sum(connections) FILTER (WHERE outcome = 'connected'), 0)::bigint`.as(
              'connections',
            ),
            sql<number>`coalesce(sum(connections) FILTER (WHERE outcome <> 'connected'), 0)::bigint`.as(
              'refused',
            ),
            sql<
              HostRecord['refusals']
            >`coalesce(jsonb_agg(jsonb_build_object('reason', outcome, 'count', connections)
              ORDER BY connections DESC, outcome) FILTER (WHERE outcome <> 'connected'), '[]')`.as(
              'refusals',
            ),
            sql<number>`sum(sent_bytes)::bigint`.as('sent_bytes'),
            sql<number>`sum(received_bytes)::bigint`.as('received_bytes'),
            sql<number>`sum(sent_bytes + received_bytes)::bigint`.as('bytes'),
            sql<Date>`min(first_at)`.as('first_at'),
            sql<Date>`max(last_at)`.as('last_at'),
          ])
          .groupBy(['host', 'port']),
      );
    const [totals, list] = await Promise.all([
      hosts
        .selectFrom('hosts')
        .select([
          sql<number>`count(*)`.as('count'),
          ...(['connections', 'refused', 'sent_bytes', 'received_bytes'] as const).map((column) =>
            sql<number>`coalesce(sum(${sql.ref(column)}), 0)::bigint`.as(column),
          ),
        ])
        .executeTakeFirstOrThrow(),
      hosts
        .selectFrom('hosts')
        .select([
          'host',
          'port',
          'connections',
          'refused',
          'refusals',
          'sent_bytes',
          'received_bytes',
          'first_at',
          'last_at',
        ])
        .orderBy(sql`host = ''`)
        .orderBy(sort, ascending ? 'asc' : 'desc')
        .orderBy('host')
        .orderBy('port')
        .limit(page.size)
        .offset((page.number - 1) * page.size)
        .execute(),
    ]);
    const { count, ...sums } = totals;
    return { count, totals: sums, list };
  }
}
