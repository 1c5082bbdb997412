/**
 * The cluster's PostgreSQL: a primary at one address, and a synchronous standby that takes its place. Started again when
 * it ends, as a service manager does.
 */
import { appendFile, cp, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { pino } from 'pino';
import { EmbeddedPostgres } from '../../src/database/embedded-postgres.ts';
import { binaryPackage, prepareBinaries } from '../../src/database/postgres-binaries.ts';
import { unprivileged } from '../../src/database/unprivileged.ts';
import { eventually } from '../../test/platform/support/eventually.ts';
import { descendantsOf } from '../../test/platform/support/processes.ts';
import { command } from './command.ts';
import { SupervisedProgram } from './supervised-program.ts';

const standbyName = 'standby';
/** WAL that a primary keeps for its standby. */
const keptWalMegabytes = 128;

interface PostgresOptions {
  /** Folder of both clusters. PostgreSQL limits the length of the path to its sockets. */
  readonly folder: string;
  readonly address: string;
  /** Addresses that may connect, in CIDR notation. */
  readonly range: string;
  readonly logs: string;
}

/** One of the two servers. */
class Server {
  readonly dataDir: string;
  readonly socketDir: string;
  readonly #program: string;
  readonly #logs: string;
  #running: SupervisedProgram | undefined;

  constructor(folder: string, name: string, program: string, logs: string) {
    this.dataDir = path.join(folder, name);
    this.socketDir = path.join(folder, `${name}-socket`);
    this.#program = program;
    this.#logs = logs;
  }

  get url(): string {
    return `postgres://chela@localhost/chela?host=${encodeURIComponent(this.socketDir)}`;
  }

  /** @param address where it listens, apart from its socket; '' is nowhere */
  async start(address: string): Promise<void> {
    await mkdir(this.socketDir, { recursive: true });
    const parameters = {
      listen_addresses: address,
      unix_socket_directories: this.socketDir,
      max_connections: '300',
      shared_buffers: '64MB',
      max_wal_size: '96MB',
      wal_keep_size: `${keptWalMegabytes}MB`,
      jit: 'off',
    };
    const flags = Object.entries(parameters).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const [first, rest] = unprivileged(this.#program, ['-D', this.dataDir, ...flags], true);
    this.#running = new SupervisedProgram({ command: [first, ...rest], environment: {}, log: this.#logs });
    this.#running.start();
    await this.answers();
  }

  /** Resolves once it answers. */
  async answers(): Promise<void> {
    await eventually(async () => ((await this.query('SELECT 1 AS one')).length === 1 ? true : undefined));
  }

  async query<Row extends object>(statement: string, values: unknown[] = []): Promise<Row[]> {
    const client = new Client({
      connectionString: this.url,
      application_name: 'chaos',
      connectionTimeoutMillis: 5000,
      query_timeout: 60_000,
    });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Row>(statement, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Keeps it down until it is started. */
  async kill(): Promise<void> {
    await this.#running?.kill();
  }

  revive(): void {
    this.#running?.start();
  }

  /** Ends it and starts it again, as for an update. */
  restart(): void {
    this.#running?.signal('SIGINT');
  }

  signalAll(signal: NodeJS.Signals): void {
    const processId = this.#running?.processId;
    if (processId === undefined) return;
    const processes = [processId, ...descendantsOf(processId).map(({ pid }) => pid)];
    for (const pid of processes) sendSignal(pid, signal);
  }

  async stop(): Promise<void> {
    this.signalAll('SIGCONT');
    await this.#running?.stop('SIGINT');
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in the meantime.
  }
}

export class Postgres {
  readonly #options: PostgresOptions;
  #primary!: Server;
  #standby!: Server;

  constructor(options: PostgresOptions) {
    this.#options = options;
  }

  /** Where the programs of the cluster connect to, whichever server is the primary. */
  get url(): string {
    return `postgres://chela@${this.#options.address}:5432/chela`;
  }

  async open(): Promise<void> {
    const { folder, range, address, logs } = this.#options;
    const { postgres } = await prepareBinaries(binaryPackage());
    this.#primary = new Server(folder, 'one', postgres, logs);
    this.#standby = new Server(folder, 'two', postgres, logs);
    await this.#createCluster(range);
    await cp(this.#primary.dataDir, this.#standby.dataDir, { recursive: true });
    await this.#primary.start(address);
    await this.#follow();
  }

  async #createCluster(range: string): Promise<void> {
    const { dataDir } = this.#primary;
    const creator = new EmbeddedPostgres({ dataDir, logger: pino({ level: 'error' }) });
    await creator.start();
    await creator.stop();
    await appendFile(path.join(dataDir, 'pg_hba.conf'), `host all all ${range} trust\n`);
  }

  /** Starts the standby and makes the primary wait for it with every commit. */
  async #follow(): Promise<void> {
    const { dataDir } = this.#standby;
    const source = `host=${this.#primary.socketDir} user=chela application_name=${standbyName}`;
    await writeFile(path.join(dataDir, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`);
    await writeFile(path.join(dataDir, 'standby.signal'), '');
    await this.#standby.start('');
    await this.#setSynchronous(standbyName);
  }

  async #setSynchronous(standby: string): Promise<void> {
    await this.query(`ALTER SYSTEM SET synchronous_standby_names = '${standby}'`);
    await this.query('SELECT pg_reload_conf()');
  }

  async query<Row extends object>(statement: string, values: unknown[] = []): Promise<Row[]> {
    return this.#primary.query<Row>(statement, values);
  }

  /** Resolves once it answers. */
  async answers(): Promise<void> {
    await this.#primary.answers();
  }

  async kill(): Promise<void> {
    await this.#primary.kill();
  }

  revive(): void {
    this.#primary.revive();
  }

  restart(): void {
    this.#primary.restart();
  }

  signalAll(signal: NodeJS.Signals): void {
    this.#primary.signalAll(signal);
  }

  /** The primary dies for good; the standby takes its place and its address, and gets a standby of its own. */
  async failOver(): Promise<void> {
    const [dead, heir] = [this.#primary, this.#standby];
    await this.#standbyIsCurrent();
    await dead.kill();
    await heir.query('SELECT pg_promote()');
    await heir.stop();
    await rm(path.join(heir.dataDir, 'postgresql.auto.conf'));
    await heir.start(this.#options.address);
    [this.#primary, this.#standby] = [heir, dead];
    await this.#copyPrimary();
    await this.#follow();
  }

  /** Resolves once the standby has everything: only then may it take over. An earlier fault may have ended it. */
  async #standbyIsCurrent(): Promise<void> {
    await this.#standby.answers();
    await eventually(async () => {
      const rows = await this.query(`SELECT FROM pg_stat_replication WHERE sync_state = 'sync'`);
      return rows.length === 1 ? true : undefined;
    });
  }

  /** A base backup of the running primary, in the standby's folder. */
  async #copyPrimary(): Promise<void> {
    const [source, target] = [this.#primary.dataDir, this.#standby.dataDir];
    const client = new Client({ connectionString: this.#primary.url, application_name: 'chaos' });
    await client.connect();
    try {
      await client.query(`SELECT pg_backup_start('chaos', true)`);
      await rm(target, { recursive: true });
      // It complains of files that are removed meanwhile, which the WAL brings back.
      await command('cp', '--archive', source, target).catch(() => undefined);
      await rm(path.join(target, 'postmaster.pid'), { force: true });
      const { rows } = await client.query<{ labelfile: string }>(
        'SELECT labelfile FROM pg_backup_stop(false)',
      );
      await writeFile(path.join(target, 'backup_label'), rows[0]?.labelfile ?? '');
    } finally {
      await client.end();
    }
  }

  async close(): Promise<void> {
    await this.#setSynchronous('').catch(() => undefined);
    await this.#standby.stop();
    await this.#primary.stop();
  }
}
