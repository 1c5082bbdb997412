/** What the platform serves to one worker: the SDK, files and stores, its proxy, the transparent network, and browsers. */
import type { Server, Socket } from 'node:net';
import { HostList } from '../../addresses/addresses.ts';
import type { Config } from '../../configuration/configuration.ts';
import { isDatabaseError, isDatabaseUnavailable } from '../../database/database.ts';
import type { Events } from '../../events/events.ts';
import type { Files } from '../../files/files.ts';
import type { ScratchFolder } from '../../host/scratch-folder.ts';
import { type LogType, logType } from '../../logs/logs.ts';
import { missingColumnsMessage, parseRow } from '../../results/results.ts';
import type { Stores } from '../../stores/stores.ts';
import {
  loopbackAddresses,
  type BrowserEndpoint,
  type BrowserGateway,
  type BrowserProxy,
  type ContextProxy,
} from '../browser/browser-gateway.ts';
import type { Cgroup } from '../cgroup.ts';
import type { HostLimiter, SubtaskHosts } from '../../egress/egress.ts';
import { serveWorkerNetwork } from '../network/worker-network.ts';
import {
  proxyAddress,
  relay,
  type AllowedHosts,
  type EgressProxy,
  type ProxyCredentials,
  type ProxySession,
} from '../proxy/egress-proxy.ts';
import { sdkAddress, type SandboxedProcess } from '../sandbox.ts';
import type { MessageBudget } from '../sdk/message-budget.ts';
import { SdkGateway } from '../sdk/sdk-gateway.ts';
import { StorageGateway, storageAddress } from '../storage/storage-gateway.ts';
import type { ClaimedSubtask } from './claimed-subtask.ts';
import type { RunWriter } from './run-writers.ts';
import type { SubtaskLog } from './subtask-log.ts';

/** Parts of the runner that serve workers. */
export interface EndpointServices {
  readonly config: Config;
  readonly proxy: EgressProxy;
  readonly hostLimiter: HostLimiter;
  /** Undefined if browsers are not available to workers. */
  readonly browsers: BrowserGateway | undefined;
  readonly scratch: ScratchFolder;
  readonly messages: MessageBudget;
  readonly files: Files;
  readonly stores: Stores;
  readonly space: { readonly isDatabaseFull: boolean };
  readonly events: Events;
}

export interface EndpointOptions {
  readonly subtask: ClaimedSubtask;
  readonly writer: RunWriter;
  readonly log: SubtaskLog;
  /** Counts its connections by host. */
  readonly hosts: SubtaskHosts;
  readonly credentials: ProxyCredentials;
  /** Ports of the worker on which browsers are served. */
  readonly browserPorts: readonly number[];
  readonly cgroup: Cgroup | undefined;
  readonly scratchDir: string;
  /** Called with each text that the worker logs with the SDK. */
  readonly onLogged: (type: LogType, text: string) => void;
  /**
   * Called with the database's error of each row that could not be stored.
   * @param isPassing whether the database was only unavailable, so that the worker may have tried again
   */
  readonly onRowError: (message: string, isPassing: boolean) => void;
}

/** Maximum number of messages that are remembered. */
const maxTold = 1000;

interface Closeable {
  close(): void;
}

export class WorkerEndpoints {
  /** Undefined if browsers are not available. */
  readonly browsers: BrowserEndpoint | undefined;
  readonly #services: EndpointServices;
  readonly #options: EndpointOptions;
  readonly #storage: StorageGateway;
  readonly #allowed: AllowedHosts;
  /** Messages about connections that the log has, since each browser has its own session. */
  readonly #told = new Set<string>();
  readonly #others: readonly (Closeable | undefined)[];

  /** Serves the worker until `close()`. */
  constructor(services: EndpointServices, options: EndpointOptions, worker: SandboxedProcess) {
    this.#services = services;
    this.#options = options;
    this.#allowed = allowedHosts(options.subtask);
    this.#others = [
      this.#openSession('proxy', worker.listener(proxyAddress.port), options.credentials),
      this.#serveNetwork(worker),
      this.#serveSdk(worker),
    ];
    this.#storage = this.#serveStorage(worker);
    this.browsers = this.#serveBrowsers(worker);
  }

  /** Ends all connections at once, and resolves when the browsers have ended and files are kept or discarded. */
  async close(): Promise<void> {
    for (const other of this.#others) other?.close();
    await Promise.all([this.#storage.close(), this.browsers?.close()]);
  }

  #serveSdk(worker: SandboxedProcess): SdkGateway {
    const { subtask, writer, log, onLogged } = this.#options;
    const { input } = subtask;
    const { config, messages } = this.#services;
    const gateway = new SdkGateway(
      {
        input: () => input,
        pushRow: async (jsonText) => this.#pushRow(jsonText),
        setHeaders: (headers) => writer.results.setHeaders(subtask, headers),
        log: (type, text) => {
          onLogged(type, text);
          return log.write(type, text);
        },
        rejected: (message) => log.complain(message),
      },
      { messageLimitBytes: config.sdkMessageLimitBytes, budget: messages.openSubtask() },
    );
    gateway.serve(worker.listener(sdkAddress.port));
    return gateway;
  }

  #serveStorage(worker: SandboxedProcess): StorageGateway {
    const { subtask, writer, log } = this.#options;
    const { files, stores, events, config } = this.#services;
    const { run_id: runId, run_slug: run, number, account_id: accountId } = subtask;
    const gateway = new StorageGateway({
      files,
      writer: writer.files,
      runId,
      claim: subtask,
      claims: writer.claims,
      stores,
      accountId,
      limits: config,
      onRefused: (what, message) => log.complain(`a ${what} was refused: ${message}`),
      onFailure: (err) => events.failed({ work: 'serve-storage', err, run, subtask: number }),
    });
    gateway.serve(worker.listener(storageAddress.port));
    return gateway;
  }

  async #pushRow(jsonText: string): Promise<void> {
    const { subtask, writer, log, onRowError } = this.#options;
    try {
      for (const missing of await writer.results.push(subtask, parseRow(jsonText)))
        log.system(missingColumnsMessage(missing), logType.warn);
    } catch (error) {
      const { message } = error as Error;
      // A server without space for its log stops, which looks like an outage that passes.
      const isPassing = isDatabaseUnavailable(error) && !this.#services.space.isDatabaseFull;
      if (isDatabaseError(error)) onRowError(message, isPassing);
      log.complain(`a row was refused: ${message}`);
      throw error;
    }
  }

  #serveBrowserProxy(worker: SandboxedProcess, listener: Server): BrowserProxy {
    const opened = this.#openSession('proxy', listener, undefined);
    const carry = (client: Socket, proxy: ContextProxy): void => {
      client.on('error', () => client.destroy());
      if (proxy.place === 'network') opened.session.carry(client, proxy);
      else {
        this.#carryToWorker(worker, client, proxy).catch(({ message }: Error) => {
          client.resetAndDestroy();
          this.#tell(`browser: the proxy ${proxy.host}:${proxy.port} of a browser context: ${message}`);
        });
      }
    };
    return { carry, close: () => opened.close() };
  }

  async #carryToWorker(worker: SandboxedProcess, client: Socket, proxy: ContextProxy): Promise<void> {
    client.allowHalfOpen = true;
    const connection = await connectWorker(worker, proxy);
    connection.allowHalfOpen = true;
    relay(client, connection);
  }

  /** Serves connections that the worker opens without its proxy. */
  #serveNetwork({ network }: SandboxedProcess): Closeable | undefined {
    if (network === undefined) return undefined;
    const opened = this.#openSession('network', undefined, undefined);
    serveWorkerNetwork(this.#services.config, network, opened.session);
    return opened;
  }

  /**
   * @param name prefix of its messages in the log
   * @param credentials not required if undefined, as for a browser of the subtask
   */
  #openSession(
    name: 'proxy' | 'network',
    listener: Server | undefined,
    credentials: ProxyCredentials | undefined,
  ): Closeable & { readonly session: ProxySession } {
    const { subtask, writer, hosts } = this.#options;
    const { traffic } = writer;
    const { proxy, hostLimiter } = this.#services;
    const session = proxy.serve({
      listener,
      credentials,
      region: subtask.limits.proxy_region,
      ledger: hosts,
      allowed: this.#allowed,
      gate: hostLimiter.gate(subtask.account_id),
      onTraffic: (bytes) => traffic.add(subtask, bytes),
      onNotice: (message) => this.#tell(`${name}: ${message}`),
    });
    // At once, even if the worker uses its time to shut down.
    const unsubscribe = traffic.onExceeded(() => session.close('traffic_limit'));
    return {
      session,
      close: () => {
        unsubscribe();
        session.close();
      },
    };
  }

  /** Logs what sessions report. Each session limits its messages; repeated ones are dropped. */
  #tell(message: string): void {
    if (this.#told.has(message)) return;
    if (this.#told.size < maxTold) this.#told.add(message);
    this.#options.log.system(message, logType.warn);
  }

  #serveBrowsers(worker: SandboxedProcess): BrowserEndpoint | undefined {
    const { log, credentials, browserPorts, cgroup, scratchDir } = this.#options;
    const { browsers, scratch } = this.#services;
    const endpoint = browsers?.endpoint({
      credentials,
      scratchDir,
      cgroup,
      tmp: worker.tmp,
      removeFolder: async (folder) => scratch.remove(folder),
      serveProxy: (listener) => this.#serveBrowserProxy(worker, listener),
      onNotice: (message) => log.system(`browser: ${message}`, logType.warn),
    });
    for (const port of browserPorts) endpoint?.serve(worker.listener(port));
    return endpoint;
  }
}

/** Connects to a proxy that runs in the worker's sandbox. */
async function connectWorker({ connect }: SandboxedProcess, proxy: ContextProxy): Promise<Socket> {
  if (connect === undefined)
    throw new Error('this kind of sandbox does not let browsers reach a program of the worker');
  const [first = proxy.host, second] = loopbackAddresses(proxy);
  return connect(first, proxy.port).catch(async (error: unknown) => {
    if (second === undefined) throw error;
    return connect(second, proxy.port);
  });
}

/** A run can only narrow the list of its worker, which may have changed since the run was started. */
function allowedHosts({ allowed_hosts: worker, limits }: ClaimedSubtask): AllowedHosts {
  return {
    worker: worker === null ? undefined : new HostList(worker),
    run: limits.allowed_hosts === undefined ? undefined : new HostList(limits.allowed_hosts),
  };
}
