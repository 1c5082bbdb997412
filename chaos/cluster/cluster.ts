/** The system under test: PostgreSQL with a standby, two APIs and three runners, on small disks and a network of their own. */
import { execFile } from 'node:child_process';
import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../../test/platform/support/eventually.ts';
import { startS3Server, type S3Server } from '../../test/storage/support/s3-server.ts';
import { Network } from './network.ts';
import { Node, type Role } from './node.ts';
import { Postgres } from './postgres.ts';
import { SmallDisk } from './small-disk.ts';

const nodeRoles: Readonly<Record<string, Role>> = {
  'api-1': 'api',
  'api-2': 'api',
  'runner-1': 'runner',
  'runner-2': 'runner',
  'runner-3': 'runner',
};
export const apiNames = Object.keys(nodeRoles).filter((name) => nodeRoles[name] === 'api');
export const runnerNames = Object.keys(nodeRoles).filter((name) => nodeRoles[name] === 'runner');

const usersPerNode = 1000;
const usersPerCampaign = 10_000;
const firstUser = 1_000_000 + (process.pid % 1000) * usersPerCampaign;

/** User ids of the sandboxes of this campaign, by which their processes are found. */
export const sandboxUsers = { first: firstUser, last: firstUser + usersPerCampaign - 1 } as const;

/** Sizes in MB: room for what a campaign stores, and quickly filled. */
const diskSizes = { postgres: 1536, data: 128, cache: 512 } as const;

export interface ClusterOptions {
  readonly folder: string;
  readonly leaseSeconds: number;
  /** What happens to subtasks of lost runners. */
  readonly lostSubtasks: 'fail' | 'retry';
  readonly storage: 'folder' | 's3';
}

export class Cluster {
  readonly options: ClusterOptions;
  readonly network: Network;
  readonly postgres: Postgres;
  /** By what is on it: `postgres`, `data`, or the name of a runner. */
  readonly disks = new Map<string, SmallDisk>();
  readonly nodes = new Map<string, Node>();
  /** API key of the account that everything belongs to; there is one once the first API has started. */
  key = '';
  #s3: S3Server | undefined;

  constructor(options: ClusterOptions) {
    this.options = options;
    this.network = new Network(process.pid);
    const { folder } = options;
    this.postgres = new Postgres({
      folder: path.join(folder, 'postgres'),
      address: this.network.hostAddress,
      range: this.network.range,
      logs: path.join(folder, 'logs', 'postgres.log'),
    });
  }

  /** Starts everything, and resolves once every node is ready. */
  async open(): Promise<void> {
    const { folder } = this.options;
    // Sandboxes run as other users, who need access through this folder.
    await chmod(folder, 0o755);
    await mkdir(path.join(folder, 'logs'));
    await this.network.open();
    await this.#mount('postgres', path.join(folder, 'postgres'), diskSizes.postgres);
    await this.#mount('data', path.join(folder, 'data'), diskSizes.data);
    await this.postgres.open();
    const settings = { ...this.#settings(), ...(await this.#storageSettings()) };
    for (const [name, role] of Object.entries(nodeRoles)) {
      const address = await this.network.join(name);
      const own = {
        CHELA_HOST: address,
        CHELA_SANDBOX_USER_ID: String(sandboxUsers.first + this.nodes.size * usersPerNode),
      };
      const node = new Node({
        name,
        role,
        network: this.network,
        address,
        folder,
        settings: { ...settings, ...own },
      });
      this.nodes.set(name, node);
      await node.clock.step(0);
      if (role === 'runner') await this.#mount(name, node.cacheDir, diskSizes.cache);
      // The first one migrates the database.
      node.program.start();
      if (this.nodes.size === 1) await this.apiAnswers(name);
    }
    this.key = await this.chela('keys', 'create', 'chaos');
    await this.ready();
  }

  async #mount(name: string, folder: string, sizeMegabytes: number): Promise<void> {
    this.disks.set(name, await SmallDisk.mount(folder, sizeMegabytes));
  }

  #settings(): Record<string, string> {
    const { folder, leaseSeconds, lostSubtasks } = this.options;
    return {
      DATABASE_URL: this.postgres.url,
      CHELA_DATA_DIR: path.join(folder, 'data'),
      CHELA_PORT: '8080',
      // The disks are smaller than the usual reserve.
      CHELA_DISK_RESERVE: '5%',
      CHELA_RATE_LIMIT_PER_MINUTE: '0',
      CHELA_RUNNER_LEASE_SECONDS: String(leaseSeconds),
      CHELA_RUNNER_SLOTS: '3',
      CHELA_WARM_SANDBOXES: '1',
      CHELA_LOST_SUBTASKS: lostSubtasks,
      CHELA_STOP_GRACE_SECONDS: '1',
      CHELA_BROWSERS: 'false',
      CHELA_DATABASE_POOL_SIZE: '8',
      CHELA_CALLBACK_ALLOWED_TARGETS: this.network.range,
      CHELA_CALLBACK_TIMEOUT_SECONDS: '2',
      CHELA_CALLBACK_RETRY_SECONDS: Array.from({ length: 60 }, () => '2').join(','),
    };
  }

  async #storageSettings(): Promise<Record<string, string>> {
    if (this.options.storage === 'folder') return {};
    this.#s3 = await startS3Server(this.network.hostAddress);
    const bucket = await this.#s3.bucket('chaos');
    return {
      CHELA_STORAGE: 's3',
      CHELA_S3_BUCKET: bucket.s3Bucket,
      CHELA_S3_ENDPOINT: bucket.s3Endpoint,
      CHELA_S3_REGION: bucket.s3Region,
      CHELA_S3_ACCESS_KEY_ID: bucket.s3AccessKeyId,
      CHELA_S3_SECRET_ACCESS_KEY: bucket.s3SecretAccessKey,
      CHELA_S3_PATH_STYLE: 'true',
    };
  }

  node(name: string): Node {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node;
  }

  disk(name: string): SmallDisk {
    const disk = this.disks.get(name);
    if (disk === undefined) throw new Error(`there is no disk ${name}`);
    return disk;
  }

  get apiUrls(): string[] {
    return apiNames.map((name) => this.node(name).url);
  }

  /** Resolves once the API answers a request that reads from the database. */
  async apiAnswers(name: string, limitMs?: number): Promise<void> {
    const { url } = this.node(name);
    await eventually(async () => {
      const request = { headers: { authorization: `Bearer ${this.key}` }, signal: AbortSignal.timeout(2000) };
      const response = await fetch(
        `${url}${this.key === '' ? '/health' : '/api/v2/worker-runs?limit=1'}`,
        request,
      );
      await response.arrayBuffer();
      return response.ok ? true : undefined;
    }, limitMs);
  }

  /** Keys of the leases of the node's current process. */
  async leasesOf(name: string): Promise<number[]> {
    const { processId } = this.node(name).program;
    const rows = await this.postgres.query<{ id: string }>('SELECT id FROM runner WHERE process_id = $1', [
      processId,
    ]);
    return rows.map(({ id }) => Number(id));
  }

  /** Resolves once a lease has been ended. */
  async leaseEnded(id: number, limitMs: number): Promise<void> {
    await eventually(async () => {
      const rows = await this.postgres.query('SELECT FROM runner WHERE id = $1', [id]);
      return rows.length === 0 ? true : undefined;
    }, limitMs);
  }

  /** Resolves once all APIs answer and every runner has a lease. */
  async ready(): Promise<void> {
    await this.postgres.answers();
    await Promise.all(apiNames.map((name) => this.apiAnswers(name)));
    for (const name of runnerNames) {
      await eventually(async () => ((await this.leasesOf(name)).length > 0 ? true : undefined));
    }
  }

  /** Calls an operation through the first API. @throws Error if the answer is an error */
  async call<Data>(apiPath: string, body: FormData | object): Promise<Data> {
    const isForm = body instanceof FormData;
    const response = await fetch(`${this.apiUrls[0]}/api/v2${apiPath}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(isForm ? {} : { 'content-type': 'application/json' }),
      },
      body: isForm ? body : JSON.stringify(body),
    });
    const answer = (await response.json()) as {
      code: number;
      message: string;
      details?: string[];
      data: Data;
    };
    if (answer.code !== 0)
      throw new Error(`${apiPath}: ${answer.message} ${answer.details?.join('; ') ?? ''}`);
    return answer.data;
  }

  /** Runs `chela` with the cluster's database. @returns what it printed */
  async chela(...argv: string[]): Promise<string> {
    const script = path.resolve(import.meta.dirname, '../../dist/main.js');
    const environment = { ...process.env, ...this.#settings() };
    const { stdout } = await promisify(execFile)(process.execPath, [script, ...argv], { env: environment });
    return stdout.trim();
  }

  /** Ends all APIs and runners. @returns the names of those that had to be killed */
  async stopNodes(): Promise<string[]> {
    const stopped = await Promise.all(
      Array.from(this.nodes.values(), async ({ name, program }) => ((await program.stop()) ? [] : [name])),
    );
    return stopped.flat();
  }

  /** Removes everything but the logs. */
  async close(): Promise<void> {
    await this.stopNodes();
    await this.postgres.close();
    await this.#s3?.stop();
    for (const disk of this.disks.values()) await disk.unmount();
    await this.network.close();
  }
}
