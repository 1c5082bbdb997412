/**
 * Browsers for workers. Each subtask's worker has an endpoint on a port of its own loopback. A session there gets a new
 * Chromium in its own fence, which reaches the network through the subtask's proxy.
 */
import type { Config } from '../../configuration/configuration.ts';
import type { Events } from '../../events/events.ts';
import { type ProxyCredentials, credentialsText } from '../proxy/egress-proxy.ts';
import type { Sandbox } from '../sandbox.ts';
import { BrowserEndpoint, type ServedSubtask } from './browser-endpoint.ts';
import { BrowserPlaces } from './browser-places.ts';
import { namesFixedEndpoints } from './fixed-endpoints.ts';
import type { BrowserServices } from './subtask-browsers.ts';

export type { BrowserEndpoint } from './browser-endpoint.ts';
export type { BrowserProxy } from './browser-fence.ts';
export { loopbackAddresses, type ContextProxy } from './context-proxies.ts';

/** The address of the browser endpoint in every sandbox. */
const browserAddress = { host: '127.0.0.1', port: 20_087 } as const;
/** Port that older workers use, at fixed names in the sandbox's hosts file. */
const fixedPort = 80;

export class BrowserGateway {
  readonly #services: BrowserServices;

  /** @param sandbox isolates the browsers */
  constructor(config: Config, sandbox: Sandbox, events: Events) {
    const places = new BrowserPlaces({ total: config.browserLimit, each: config.browserSubtaskLimit });
    this.#services = { config, sandbox, places, events };
  }

  /** A worker's environment variables for browsers. */
  environment(credentials: ProxyCredentials): Record<string, string> {
    const { host, port } = browserAddress;
    const url = `ws://${host}:${port}/ws?apiKey=${credentialsText(credentials)}`;
    return {
      ChromeWs: `${host}:${port}`,
      ChromeHttp: `${host}:${port}`,
      CDP_ENDPOINT: url,
      BROWSER_WS_ENDPOINT: url,
    };
  }

  /**
   * The ports on a worker's loopback on which to serve its endpoint.
   * @param workers sandbox of the worker
   */
  async ports(packageDir: string, workers: Sandbox): Promise<number[]> {
    const { port } = browserAddress;
    const wantsFixed = await namesFixedEndpoints(packageDir);
    const hasFixed = wantsFixed && ((await workers.offersPort?.(fixedPort)) ?? false);
    return hasFixed ? [port, fixedPort] : [port];
  }

  /** The endpoint of one subtask. Serve it on each of its ports. */
  endpoint(subtask: ServedSubtask): BrowserEndpoint {
    return new BrowserEndpoint(this.#services, subtask);
  }
}
