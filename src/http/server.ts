/** The API as a service. On stop it answers the requests in progress first. */
import { Periodic } from '../services/periodic.ts';
import { StartStop } from '../services/service.ts';
import type { ApiApp } from './api-context.ts';

const idleCheckMilliseconds = 50;
/** Extra time after the grace period for transfers in progress. */
const lastAnswerMilliseconds = 2000;

interface ApiServerOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /**
   * Builds the app; called per start, because an app cannot listen twice. @param closing aborted when the stop begins
   */
  readonly build: (closing: AbortSignal) => Promise<ApiApp>;
}

export class ApiServer extends StartStop {
  readonly name = 'api';
  readonly #options: ApiServerOptions;
  #closing = new AbortController();
  #app: ApiApp | undefined;
  #address: string | undefined;

  constructor(options: ApiServerOptions) {
    super();
    this.#options = options;
  }

  /** URL of the server while it is started. */
  get address(): string | undefined {
    return this.#address;
  }

  protected override async begin(): Promise<void> {
    const { host, port, build } = this.#options;
    this.#closing = new AbortController();
    this.#app = await build(this.#closing.signal);
    this.#address = await this.#app.listen({
      host,
      port,
      listenTextResolver: (address) => `the API listens at ${address}`,
    });
  }

  protected override async end(graceMilliseconds: number): Promise<void> {
    this.#closing.abort();
    this.#address = undefined;
    if (this.#app !== undefined) await closeApp(this.#app, graceMilliseconds);
    this.#app = undefined;
  }
}

/** Closes the app without waiting for idle keep-alive connections. */
async function closeApp(app: ApiApp, graceMilliseconds: number): Promise<void> {
  const idle = new Periodic({
    intervalMilliseconds: idleCheckMilliseconds,
    work: async () => app.server.closeIdleConnections(),
    onError: () => {
      // Closing connections cannot fail.
    },
  });
  idle.start();
  const late = setTimeout(() => app.server.closeAllConnections(), graceMilliseconds + lastAnswerMilliseconds);
  try {
    await app.close();
  } finally {
    clearTimeout(late);
    await idle.stop();
  }
}
