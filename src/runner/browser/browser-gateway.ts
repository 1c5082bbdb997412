/**
 * Browsers for workers. Each subtask's worker finds an endpoint at a port of its own loopback; every session there gets a
 * fresh Chromium in a fence of its own, whose way out is the proxy of the subtask.
 */
import type { Config } from '../../configuration/configuration.ts';
import { type ProxyCredentials, credentialsText } from '../proxy/egress-proxy.ts';
import type { Sandbox } from '../sandbox.ts';
import { BrowserEndpoint, type ServedSubtask } from './browser-endpoint.ts';
import { BrowserPlaces } from './browser-places.ts';
import { namesFixedEndpoints } from './fixed-endpoints.ts';
import type { BrowserServices } from './subtask-browsers.ts';

export type { BrowserEndpoint } from './browser-endpoint.ts';

/** Where every worker finds browsers, as the worker sees it. */
const browserAddress = { host: '127.0.0.1', port: 20_087 } as const;
/** Where older workers look for them, at names that the sandbox's hosts file knows. */
const fixedPort = 80;

export class BrowserGateway {
  readonly #services: BrowserServices;

  /** @param sandbox that fences browsers in */
  constructor(config: Config, sandbox: Sandbox) {
    const places = new BrowserPlaces({ total: config.browserLimit, each: config.browserSubtaskLimit });
    this.#services = { config, sandbox, places };
  }

  /** What a worker's environment says of its browsers. */
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
   * Ports of a worker's loopback that it has to be given.
   * @param workers the sandbox it runs in
   */
  async ports(packageDir: string, workers: Sandbox): Promise<number[]> {
    const { port } = browserAddress;
    const wantsFixed = await namesFixedEndpoints(packageDir);
    const hasFixed = wantsFixed && ((await workers.offersPort?.(fixedPort)) ?? false);
    return hasFixed ? [port, fixedPort] : [port];
  }

  /** The endpoint of one subtask, to be served at each of its ports. */
  endpoint(subtask: ServedSubtask): BrowserEndpoint {
    return new BrowserEndpoint(this.#services, subtask);
  }
}
