/** The browsers of a subtask without its worker: their endpoint on a free port of loopback, for one test. */
import { createServer } from 'node:net';
import { readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { readConfig, type Config } from '../../../../src/configuration/configuration.ts';
import { Events } from '../../../../src/events/events.ts';
import { BrowserGateway, type BrowserEndpoint } from '../../../../src/runner/browser/browser-gateway.ts';
import {
  credentialsText,
  EgressProxy,
  randomCredentials,
} from '../../../../src/runner/proxy/egress-proxy.ts';
import { BubblewrapSandbox } from '../../../../src/runner/sandboxes/bubblewrap.ts';
import { countHosts } from '../../proxy/support/counted-hosts.ts';
import { listen } from '../../proxy/support/servers.ts';
import { firstUserId, makeReachableFolder, removeFolder } from '../../worker-package.ts';

export interface ServedBrowsers {
  readonly port: number;
  readonly endpoint: BrowserEndpoint;
  /** `user:password`. */
  readonly auth: string;
  /** The lines that the run's log would have. */
  readonly notices: string[];
  readonly scratchDir: string;
  /** Existing folders of browsers, by their names in the scratch folder. */
  folders(): string[];
}

/** Serves one or more subtasks of one runner. */
export async function serveBrowsers(
  overrides: Partial<Config> = {},
  subtasks = 1,
): Promise<[ServedBrowsers, ...ServedBrowsers[]]> {
  const cacheDir = await makeReachableFolder();
  onTestFinished(async () => removeFolder(cacheDir));
  // Leaves the user ids of other test files alone.
  const sandboxUserId = firstUserId + 200_000 + (process.pid % 10_000) * 10;
  const config = { ...readConfig({}), cacheDir, sandboxUserId, runnerSlots: 1, ...overrides };
  const gateway = new BrowserGateway(
    config,
    new BubblewrapSandbox(config),
    new Events(pino({ level: 'silent' })),
  );
  const proxy = new EgressProxy(config);
  const served: ServedBrowsers[] = [];
  for (let number = 0; number < subtasks; number += 1) {
    const scratchDir = path.join(cacheDir, `subtask-${number}`);
    await mkdir(scratchDir, { mode: 0o711 });
    const credentials = randomCredentials();
    const notices: string[] = [];
    const onNotice = (message: string): void => void notices.push(message);
    const endpoint = gateway.endpoint({
      credentials,
      scratchDir,
      removeFolder,
      serveProxy: (listener) =>
        proxy.serve({
          listener,
          credentials: undefined,
          region: '',
          allowed: {},
          ledger: countHosts().ledger,
          onTraffic: () => undefined,
          onNotice,
        }),
      onNotice,
    });
    const listener = createServer();
    endpoint.serve(listener);
    const { port } = await listen(listener);
    onTestFinished(async () => endpoint.close());
    const folders = (): string[] => readdirSync(scratchDir);
    served.push({ port, endpoint, auth: credentialsText(credentials), notices, scratchDir, folders });
  }
  return served as [ServedBrowsers, ...ServedBrowsers[]];
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly sessionId?: string;
}

/** A DevTools client that sends what a test tells it to. */
export class DevtoolsClient {
  readonly socket: WebSocket;
  readonly messages: Message[] = [];
  readonly closed: Promise<number>;
  #lastId = 0;
  readonly #waiting = new Map<number, (message: Message) => void>();

  constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once('close', resolve);
    });
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as Message;
      this.messages.push(message);
      this.#waiting.get(message.id ?? 0)?.(message);
    });
  }

  async send(
    method: string,
    params: Record<string, unknown> = {},
    sessionId?: string,
  ): Promise<Message & { result: Record<string, unknown> }> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = new Promise<Message>((resolve) => {
      this.#waiting.set(id, resolve);
    });
    this.socket.send(JSON.stringify({ id, method, params, sessionId }));
    return (await answer) as Message & { result: Record<string, unknown> };
  }

  /** A session with a page of the browser. */
  async page(): Promise<string> {
    const { result: created } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { result } = await this.send('Target.attachToTarget', {
      targetId: created['targetId'],
      flatten: true,
    });
    return result['sessionId'] as string;
  }
}

/** Opens a browser that nobody else uses. @throws Error with the status and text of the response if it is refused */
export async function openDevtools(
  { port, auth }: ServedBrowsers,
  address = `/ws?apiKey=${auth}&browser=own`,
  headers: Record<string, string> = {},
): Promise<DevtoolsClient> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${address}`, { headers, maxPayload: 2 ** 30 });
  onTestFinished(() => socket.terminate());
  socket.on('error', () => {
    // Code that waits for it to open gets the error; later ones go nowhere.
  });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(new DevtoolsClient(socket)));
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response) => {
      response
        .setEncoding('utf8')
        .once('data', (text) => reject(new Error(`${response.statusCode} ${text}`)));
    });
  });
}
