/**
 * Our own PostgreSQL server, with the binaries from the npm package. It is created on first start, restarted if it
 * dies, and ended with this process. It listens on a Unix socket in a folder that only its user may enter, so it needs
 * no password.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { Logger } from 'pino';
import { StartStop } from '../services/service.ts';
import { binaryPackage, prepareBinaries } from './postgres-binaries.ts';
import { DatabaseUnreachableError, untilReachable } from './reachable.ts';
import { unprivileged } from './unprivileged.ts';

const databaseName = 'chela';
const userName = 'chela';
/** PostgreSQL limits the path to 107 bytes; its own file name takes 20 of them. */
const maxSocketFolderLength = 85;
const restartMilliseconds = 200;
const usualStartLimitSeconds = 60;

interface EmbeddedPostgresOptions {
  /** Folder of the cluster; created if it does not exist. */
  readonly dataDir: string;
  readonly logger: Logger;
  /** Maximum time until it answers. After a crash it recovers first. */
  readonly startLimitSeconds?: number;
  /** Additional server settings, `name` → value. */
  readonly parameters?: Readonly<Record<string, string>>;
}

function urlOf(socketDir: string, database: string): string {
  return `postgres://${userName}@localhost/${database}?host=${encodeURIComponent(socketDir)}`;
}

/**
 * Connection URL of a server that another process runs in a folder.
 * @throws Error if no server runs there
 */
export async function embeddedUrl(dataDir: string): Promise<string> {
  const pidFile = await readFile(path.join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '');
  const socketDir = pidFile.split('\n')[4];
  if (!socketDir) throw new Error(`no embedded PostgreSQL is running in ${dataDir}: start Chela first`);
  return urlOf(socketDir, databaseName);
}

export class EmbeddedPostgres extends StartStop {
  readonly name = 'embedded PostgreSQL';
  readonly #options: EmbeddedPostgresOptions;
  #server: ChildProcess | undefined;
  #socketDir = '';
  #ownsSocketDir = false;
  #restart: NodeJS.Timeout | undefined;

  constructor(options: EmbeddedPostgresOptions) {
    super();
    this.#options = options;
  }

  /** Connection URL of a database of this server; usable after `start()`. */
  url(database: string = databaseName): string {
    return urlOf(this.#socketDir, database);
  }

  /**
   * Creates the cluster on first start, ends a server left over from a crash, starts a new one and waits until it
   * answers.
   */
  protected override async begin(stopAsked: AbortSignal): Promise<void> {
    const { dataDir } = this.#options;
    const programs = await prepareBinaries(binaryPackage());
    await mkdir(path.dirname(dataDir), { recursive: true });
    if (!(await exists(path.join(dataDir, 'PG_VERSION')))) await this.#initialise(programs.initdb);
    await this.#endLeftOver();
    this.#socketDir = path.join(dataDir, 'socket');
    if (Buffer.byteLength(this.#socketDir) > maxSocketFolderLength) {
      this.#socketDir = await mkdtemp(path.join(tmpdir(), 'chela-postgres-'));
      this.#ownsSocketDir = true;
    }
    await mkdir(this.#socketDir, { recursive: true, mode: 0o700 });
    this.#spawn(programs.postgres);
    await this.#untilReady(stopAsked);
    await this.#createDatabase();
  }

  /** Ends the server after its open transactions are rolled back. */
  protected override async end(): Promise<void> {
    clearTimeout(this.#restart);
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined && server.exitCode === null && server.signalCode === null) {
      const ended = once(server, 'exit');
      server.kill('SIGINT');
      await ended;
    }
    if (this.#ownsSocketDir) await rm(this.#socketDir, { recursive: true, force: true });
    this.#ownsSocketDir = false;
  }

  async #initialise(initdb: string): Promise<void> {
    const { dataDir } = this.#options;
    // Created under another name and then renamed, so that an interrupted start leaves no partial cluster.
    const draft = `${dataDir}.draft`;
    await rm(draft, { recursive: true, force: true });
    const [command, argv] = unprivileged(
      initdb,
      [
        `--pgdata=${draft}`,
        `--username=${userName}`,
        '--auth=trust',
        '--encoding=UTF8',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--locale=C',
        '--no-instructions',
      ],
      false,
    );
    const child = spawn(command, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
    let output = '';
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) {
      await rm(draft, { recursive: true, force: true });
      throw new Error(`PostgreSQL could not create its folder ${dataDir}: ${output.trim()}`);
    }
    await rename(draft, dataDir);
  }

  /** A server that outlived its parent still holds the cluster. Ends it with a regular shutdown. */
  async #endLeftOver(): Promise<void> {
    const { dataDir, logger } = this.#options;
    const pidFile = path.join(dataDir, 'postmaster.pid');
    const processId = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10);
    if (!(processId > 0)) return;
    const commandLine = await readFile(`/proc/${processId}/cmdline`, 'utf8').catch(() => '');
    if (!commandLine.includes(dataDir)) return;
    logger.warn({ processId }, 'stopping a PostgreSQL that an earlier Chela process left running');
    process.kill(processId, 'SIGINT');
    while (await exists(`/proc/${processId}/stat`)) await delay(20);
  }

  #spawn(postgres: string): void {
    const { dataDir, logger } = this.#options;
    const parameters = {
      listen_addresses: '',
      unix_socket_directories: this.#socketDir,
      max_connections: '200',
      shared_buffers: '128MB',
      jit: 'off',
      logging_collector: 'on',
      log_directory: 'log',
      // One file per weekday, overwritten a week later, so that the log cannot grow without bound.
      log_filename: 'postgres-%a.log',
      log_truncate_on_rotation: 'on',
      log_rotation_age: '1d',
      log_rotation_size: '0',
      ...this.#options.parameters,
    };
    const settings = Object.entries(parameters).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const [command, argv] = unprivileged(postgres, ['-D', dataDir, ...settings], true);
    const server = spawn(command, argv, { stdio: 'ignore', detached: true });
    this.#server = server;
    server.on('error', (err) => logger.error({ err }, 'PostgreSQL could not be started'));
    server.once('exit', (exitCode, signal) => {
      if (this.#server !== server) return;
      logger.error({ exitCode, signal }, 'PostgreSQL exited unexpectedly, restarting it');
      this.#restart = setTimeout(() => this.#spawn(postgres), restartMilliseconds);
    });
  }

  async #untilReady(signal: AbortSignal): Promise<void> {
    const { dataDir, startLimitSeconds: limitSeconds = usualStartLimitSeconds } = this.#options;
    try {
      await untilReachable(this.url('postgres'), { limitSeconds, signal });
    } catch (error) {
      if (!(error instanceof DatabaseUnreachableError)) throw error;
      const { message } = error;
      throw new DatabaseUnreachableError(`${message}: see its log in ${path.join(dataDir, 'log')}`, {
        cause: error,
      });
    }
  }

  async #createDatabase(): Promise<void> {
    const client = new Client({ connectionString: this.url('postgres') });
    client.on('error', () => undefined);
    await client.connect();
    try {
      const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [databaseName]);
      if (found.rowCount === 0) await client.query(`CREATE DATABASE ${databaseName}`);
    } finally {
      await client.end();
    }
  }
}

async function exists(place: string): Promise<boolean> {
  return stat(place).then(
    () => true,
    () => false,
  );
}
