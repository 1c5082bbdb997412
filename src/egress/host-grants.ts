/** Grants connections to hosts within the limits of an account, which all runners share. */
import type { PoolClient } from 'pg';
import type { Database } from '../database/database.ts';

/** 0 means no limit. */
export interface HostLimits {
  /** Connections that begin per second. */
  readonly perSecond: number;
  /** Open connections. */
  readonly open: number;
  /** Maximum time that a connection waits for its turn. */
  readonly waitSeconds: number;
}

/** What a runner needs for one host of an account. */
export interface HostRequest {
  readonly accountId: number;
  readonly host: string;
  /** Connections to open. */
  readonly wanted: number;
  /** Connections that were granted earlier and are closed. */
  readonly returned: number;
}

export interface HostGrant {
  readonly account_id: number;
  readonly host: string;
  readonly count: number;
  /** Time until the first of them may begin. The others follow at the limit per second. */
  readonly delay_ms: number;
}

/** @returns a grant for each request, with a count of 0 if there is no turn within the time that a connection waits */
export async function grantConnections(
  database: Database,
  runnerId: number,
  limits: HostLimits,
  requests: readonly HostRequest[],
): Promise<HostGrant[]> {
  const accounts = requests.map(({ accountId }) => accountId);
  const hosts = requests.map(({ host }) => host);
  return database.transaction(async (client) => {
    await lockTurns(client, accounts, hosts);
    // After the locks, so that it sees what other runners were granted before.
    const { rows } = await client.query<HostGrant>({
      name: 'grant-connections',
      text: `WITH request AS (
               SELECT * FROM unnest($1::bigint[], $2::text[], $3::integer[], $4::integer[])
                 AS request (account_id, host, wanted, returned)
             ), turn AS (
               SELECT request.*, greatest(host_turn.next_at, statement_timestamp()) AS first_at, (
                 SELECT coalesce(sum(connections), 0) FROM host_lease
                 WHERE host_lease.account_id = request.account_id AND host_lease.host = request.host
               ) - returned AS open
               FROM request JOIN host_turn USING (account_id, host)
             ), granted AS (
               SELECT *, greatest(0, least(
                 wanted,
                 CASE WHEN $5::integer = 0 THEN wanted ELSE $5 - open END,
                 CASE WHEN $6::float8 = 0 THEN wanted
                   ELSE floor(extract(epoch FROM statement_timestamp() - first_at)::float8 * $6 + $7::float8 * $6) + 1 END
               ))::integer AS count
               FROM turn
             ), turned AS (
               UPDATE host_turn SET next_at = granted.first_at + make_interval(secs => granted.count / $6::float8)
               FROM granted
               WHERE $6 > 0 AND granted.count > 0 AND host_turn.account_id = granted.account_id AND host_turn.host = granted.host
             ), leased AS (
               INSERT INTO host_lease AS lease (account_id, host, runner_id, connections)
               SELECT account_id, host, $8, greatest(0, count - returned) FROM granted
               WHERE $5 > 0 AND count <> returned ORDER BY account_id, host
               ON CONFLICT (account_id, host, runner_id) DO UPDATE SET connections = greatest(0, lease.connections + (
                 SELECT granted.count - granted.returned FROM granted
                 WHERE granted.account_id = lease.account_id AND granted.host = lease.host
               ))
             )
             SELECT account_id, host, count, (extract(epoch FROM first_at - statement_timestamp()) * 1000)::float8 AS delay_ms
             FROM granted`,
      values: [
        accounts,
        hosts,
        requests.map(({ wanted }) => wanted),
        requests.map(({ returned }) => returned),
        limits.open,
        limits.perSecond,
        limits.waitSeconds,
        runnerId,
      ],
    });
    return rows;
  });
}

/** In the order of the key, so that runners do not deadlock. */
async function lockTurns(
  client: PoolClient,
  accounts: readonly number[],
  hosts: readonly string[],
): Promise<void> {
  await client.query({
    name: 'add-host-turns',
    text: `INSERT INTO host_turn (account_id, host, next_at)
           SELECT account_id, host, '-infinity' FROM unnest($1::bigint[], $2::text[]) AS host (account_id, host)
           ORDER BY account_id, host ON CONFLICT DO NOTHING`,
    values: [accounts, hosts],
  });
  await client.query({
    name: 'lock-host-turns',
    text: `SELECT FROM host_turn JOIN unnest($1::bigint[], $2::text[]) AS host (account_id, host) USING (account_id, host)
           ORDER BY host_turn.account_id, host_turn.host FOR UPDATE OF host_turn`,
    values: [accounts, hosts],
  });
}

/** Removes the turns of hosts to which no connection is open. A missing row means the same as one whose turn has come. */
export async function removeIdleHosts(database: Database): Promise<void> {
  await database.pool.query(
    `DELETE FROM host_turn WHERE next_at < now() - interval '1 minute' AND NOT EXISTS (
       SELECT FROM host_lease WHERE connections > 0 AND host_lease.account_id = host_turn.account_id
         AND host_lease.host = host_turn.host)`,
  );
  await database.pool.query(
    `DELETE FROM host_lease WHERE connections = 0 AND NOT EXISTS (
       SELECT FROM host_turn WHERE host_turn.account_id = host_lease.account_id AND host_turn.host = host_lease.host)`,
  );
}
