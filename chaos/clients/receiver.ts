/** Receives callbacks, refuses some of them, and records all that it accepted. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Random } from '../random.ts';

export interface ReceivedCallback {
  readonly run: string;
  /** Of the change of status, from 1. */
  readonly number: number;
  readonly status: string;
}

/** Answers, by how likely they are. A receiver that closes the connection may have accepted nothing. */
const answers = [
  { weight: 8, status: 200 },
  { weight: 1, status: 500 },
  { weight: 1, status: 0 },
];

export class CallbackReceiver {
  /** In the order in which they were accepted. */
  readonly received: ReceivedCallback[] = [];
  readonly #server: Server;
  readonly #address: string;
  #isHealthy = false;

  constructor(address: string, random: Random) {
    this.#address = address;
    this.#server = createServer((request, response) => {
      this.#receive(request, response, random).catch(() => response.destroy());
    });
  }

  async #receive(request: IncomingMessage, response: ServerResponse, random: Random): Promise<void> {
    const body = await text(request);
    const { status } = this.#isHealthy ? { status: 200 } : random.weighted(answers);
    if (status === 0) {
      response.destroy();
      return;
    }
    if (status === 200) this.#accept(String(request.headers['x-chela-callback-id']), body);
    response.writeHead(status).end();
  }

  #accept(id: string, body: string): void {
    const { run_slug: run, run_status: status } = JSON.parse(body) as {
      run_slug: string;
      run_status: string;
    };
    this.received.push({ run, status, number: Number(id.split('-').at(-1)) });
  }

  async start(): Promise<void> {
    this.#server.listen(0, this.#address);
    await once(this.#server, 'listening');
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://${this.#address}:${port}/callbacks`;
  }

  /** From now on it accepts everything. */
  heal(): void {
    this.#isHealthy = true;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
