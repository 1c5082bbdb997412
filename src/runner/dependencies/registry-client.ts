/**
 * Sends requests to registries on behalf of a sandbox, with the operator's credentials, and only to allowed addresses.
 */
import { lookup as systemLookup } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { AddressGuard, type AllowedTargets } from '../../addresses/addresses.ts';
import { settings } from '../../configuration/configuration.ts';
import type { RegistryAccess } from './registry-access.ts';

const maxRedirects = 5;
const idleMilliseconds = 60_000;

interface RegistryClientOptions {
  readonly access: RegistryAccess;
  /** Registries in the configuration, which may be at any address. */
  readonly registries: readonly string[];
  /** Other addresses that are allowed although they are not public. */
  readonly allowed: AllowedTargets;
}

export interface RegistryAnswer {
  readonly response: IncomingMessage;
  /** Final URL after redirects. */
  readonly url: URL;
}

/**
 * Addresses that answers may lead to: what the operator allows, and the addresses of the registries themselves. A
 * network with a private mirror often serves the files from the same private addresses.
 */
class FileTargets implements AllowedTargets {
  readonly #allowed: AllowedTargets;
  readonly #registries: Promise<ReadonlySet<string>>;
  #known: ReadonlySet<string> = new Set();

  constructor(allowed: AllowedTargets, registries: readonly string[]) {
    this.#allowed = allowed;
    this.#registries = endpointsOf(registries.map((registry) => new URL(registry)));
  }

  /** Call it before the first check. */
  async prepare(): Promise<void> {
    this.#known = await this.#registries;
  }

  hasName(name: string, port: number): boolean {
    return this.#allowed.hasName(name, port);
  }

  hasAddress(address: string, port: number): boolean {
    return this.#known.has(`${address} ${port}`) || this.#allowed.hasAddress(address, port);
  }
}

async function endpointsOf(urls: readonly URL[]): Promise<ReadonlySet<string>> {
  const found = await Promise.all(
    urls.map(async (url) => {
      // Behind a proxy there may be no name service. Then there are no such addresses.
      const addresses = await lookup(bareHost(url), { all: true }).catch(() => []);
      return addresses.map(({ address }) => `${address} ${portOf(url)}`);
    }),
  );
  return new Set(found.flat());
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

function bareHost(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

export class RegistryClient {
  readonly #access: RegistryAccess;
  readonly #origins: ReadonlySet<string>;
  readonly #allowed: FileTargets;
  readonly #guard: AddressGuard;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  constructor({ access, registries, allowed }: RegistryClientOptions) {
    this.#access = access;
    this.#origins = new Set(registries.map((registry) => new URL(registry).origin));
    this.#allowed = new FileTargets(allowed, registries);
    this.#guard = new AddressGuard({
      allowed: this.#allowed,
      setting: settings.registryAllowedTargets.environment,
    });
    const shared = { keepAlive: true, maxSockets: 16, proxyEnv: access.proxies };
    this.#http = new HttpAgent(shared);
    this.#https = new HttpsAgent({
      ...shared,
      ...(access.ca.length > 0 && { ca: [...access.ca] }),
    });
  }

  /**
   * Sends a GET and follows redirects.
   * @throws Error if there is no answer, or the address is not allowed
   */
  async get(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<RegistryAnswer> {
    let current = url;
    for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
      const response = await this.#ask(current, headers, signal);
      const { statusCode = 0, headers: answered } = response;
      if (statusCode < 300 || statusCode >= 400 || answered.location === undefined)
        return { response, url: current };
      response.destroy();
      const next = URL.parse(answered.location, current.href);
      if (next === null || !/^https?:$/.test(next.protocol))
        throw new Error(`${current.host} redirects to an invalid URL`);
      if (current.protocol === 'https:' && next.protocol === 'http:')
        throw new Error(`${current.host} redirects from https to http`);
      current = next;
    }
    throw new Error(`${url.host} redirects more than ${maxRedirects} times`);
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  async #ask(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage> {
    const host = bareHost(url);
    const isRegistry = this.#origins.has(url.origin);
    const target = { host, port: portOf(url) };
    await this.#allowed.prepare();
    if (!isRegistry) this.#guard.checkUnresolved(target);
    const authorization = this.#authorization(url);
    const options = {
      agent: url.protocol === 'https:' ? this.#https : this.#http,
      headers: { ...headers, ...(authorization !== undefined && { authorization }) },
      signal,
      rejectUnauthorized: this.#verifies(host),
      timeout: idleMilliseconds,
      // With a proxy, this resolves the proxy's name, and the proxy resolves the target's.
      lookup: isRegistry ? undefined : this.#guardedLookup(target),
    };
    const request = url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options);
    request.on('timeout', () => request.destroy(new Error(`${url.host} did not answer in time`)));
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return response;
  }

  #verifies(host: string): boolean {
    const { unverifiedHosts } = this.#access;
    return unverifiedHosts !== 'all' && !unverifiedHosts.includes(host);
  }

  #guardedLookup(target: { host: string; port: number }): LookupFunction {
    const guarded = this.#guard.lookup(target.port);
    return (hostname, options, callback) => {
      if (hostname === target.host) guarded(hostname, options, callback);
      else systemLookup(hostname, options, (error, address, family) => callback(error, address, family));
    };
  }

  /**
   * The credentials for the longest matching prefix. Prefixes without a scheme require https, unless the registry uses
   * http.
   */
  #authorization(url: URL): string | undefined {
    if (url.protocol !== 'https:' && !this.#origins.has(url.origin)) return undefined;
    const text = `//${url.host}${url.pathname}`;
    return this.#access.credentials
      .filter(({ place }) => text.startsWith(place))
      .toSorted((one, other) => other.place.length - one.place.length)
      .at(0)?.authorization;
  }
}
