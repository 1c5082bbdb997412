/** A Chela started with `chela up` in its own folders, with the default durability of its embedded PostgreSQL. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { embeddedUrl } from '../../src/database/embedded-postgres.ts';
import { channels } from '../../src/database/notifications.ts';
import { TestClient } from '../../test/support/test-client.ts';
import { ServiceProcess } from './service-process.ts';

export const mainScript = path.resolve(import.meta.dirname, '../../dist/main.js');

/** A request limit that no benchmark reaches: the limiter works, but refuses nothing. */
export const unreachedRateLimit = String(10 ** 9);

/** Ports of the servers that the network benchmark connects to. */
export const networkPorts = { download: 28_080, requests: 28_081 } as const;

/** Addresses of this machine, from which the benchmarks of the proxy and of the network download. */
function ownAddresses(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  return ['127.0.0.1', ...addresses.filter(({ family }) => family === 'IPv4').map(({ address }) => address)];
}

export class Installation extends TestClient implements AsyncDisposable {
  readonly processId: number;
  readonly databaseUrl: string;
  readonly cacheDir: string;
  readonly #process: ServiceProcess;

  /** Use `Installation.start`. */
  constructor(parts: { process: ServiceProcess; key: string; databaseUrl: string; cacheDir: string }) {
    super(parts.process.told, parts.key);
    this.processId = parts.process.processId;
    this.databaseUrl = parts.databaseUrl;
    this.cacheDir = parts.cacheDir;
    this.#process = parts.process;
  }

  /** Resolves once it serves requests and the run of the first start has ended. */
  static async start(folder: string): Promise<Installation> {
    const [dataDir, cacheDir] = [path.join(folder, 'data'), path.join(folder, 'cache')];
    await mkdir(cacheDir);
    // Sandboxes run as other users, who need access through these folders.
    await Promise.all([chmod(folder, 0o755), chmod(cacheDir, 0o755)]);
    const key = randomBytes(24).toString('hex');
    const service = await ServiceProcess.start({
      command: [mainScript, 'up', '--data-dir', dataDir, '--cache-dir', cacheDir, '--port', '0'],
      environment: {
        CHELA_API_KEY: key,
        CHELA_RATE_LIMIT_PER_MINUTE: unreachedRateLimit,
        CHELA_LOG_LEVEL: 'warn',
        CHELA_PROXY_ALLOWED_TARGETS: ownAddresses().join(','),
        CHELA_WORKER_PORTS: Object.values(networkPorts).join(','),
      },
      ready: /^ {2}URL +(\S+)/,
    });
    const databaseUrl = await embeddedUrl(path.join(dataDir, 'postgres'));
    const installation = new Installation({ process: service, key, databaseUrl, cacheDir });
    try {
      await installation.settled(1, async () => undefined);
    } catch (error) {
      await service[Symbol.asyncDispose]();
      throw error;
    }
    return installation;
  }

  /**
   * Calls `work`, which submits runs, and waits until `count` runs of the installation have ended and none remains.
   * @throws Error if a run failed
   */
  async settled(count: number, work: () => Promise<void>): Promise<void> {
    const client = new Client({ connectionString: this.databaseUrl });
    await client.connect();
    try {
      const signs = Promise.withResolvers<void>();
      let ended = 0;
      client.on('notification', () => {
        ended += 1;
        if (ended >= count) signs.resolve();
      });
      client.on('error', signs.reject);
      await client.query(`LISTEN ${channels.runFinished}`);
      const unfinished = async (): Promise<number> => {
        const { rows } = await client.query<{ count: string }>(
          "SELECT count(*) FROM run WHERE status IN ('ready', 'running', 'aborting')",
        );
        return Number(rows[0]?.count);
      };
      await work();
      if ((await unfinished()) > 0) await signs.promise;
      const failed = await client.query<{ slug: string; err_msg: string }>(
        "SELECT slug, err_msg FROM run WHERE status = 'failed' LIMIT 1",
      );
      const [first] = failed.rows;
      if (first !== undefined) throw new Error(`run ${first.slug} failed: ${first.err_msg}`);
    } finally {
      await client.end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
