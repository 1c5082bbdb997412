/**
 * Proxies that DevTools clients set for a browser context (`proxy` of Playwright's `newContext`, `proxyServer` of
 * Puppeteer's `createBrowserContext`). The browser's fence has no network, so each of them gets a stand-in address there, and the
 * runner connects what arrives at it with the proxy: one on loopback is a program of the worker, as Crawlee's own proxies are.
 */
import { isIPv4, type Server, type Socket } from 'node:net';
import { proxyAddress } from '../proxy/egress-proxy.ts';
import { readCommand, type Command } from './devtools-command.ts';

/** Where a proxy is that a browser context uses. */
export interface ContextProxy {
  /** On loopback of the worker's sandbox, or elsewhere on the network. */
  readonly place: 'worker' | 'network';
  readonly host: string;
  readonly port: number;
}

/** Port of the stand-in addresses in a fence. */
export const contextProxyPort = 20_090;

const method = 'Target.createBrowserContext';
/** The first of the stand-in addresses, which are all on the loopback of the fence. */
const firstAddress = [127, 64, 0, 0] as const;
const maxProxies = 65_536;
const maxConnections = 1000;
/** Schemes of proxies to which Chromium connects without TLS, with their default ports. */
const defaultPorts: Readonly<Record<string, number>> = { http: 80, socks: 1080, socks4: 1080, socks5: 1080 };
const nameOfLoopback = /(?:^|\.)localhost$/;

export class ContextProxies {
  readonly #proxies: ContextProxy[] = [];
  readonly #addresses = new Map<string, string>();

  /** @returns the message with stand-ins in place of proxies; the same message if it sets none */
  translate(message: Buffer): Buffer {
    const command = readCommand(message, method);
    const given = command?.params?.['proxyServer'];
    if (command === undefined || typeof given !== 'string') return message;
    const proxyServer = given
      .split(';')
      .map((rule) => this.#translateRule(rule))
      .join(';');
    if (proxyServer === given) return message;
    const translated: Command = { ...command, params: { ...command.params, proxyServer } };
    return Buffer.from(JSON.stringify(translated));
  }

  /** @param carry connects a client with its proxy */
  serve(listener: Server, carry: (client: Socket, proxy: ContextProxy) => void): void {
    listener.maxConnections = maxConnections;
    listener.on('connection', (client: Socket) => {
      const proxy = this.#proxyAt(client.localAddress);
      if (proxy === undefined) client.destroy();
      else carry(client, proxy);
    });
  }

  /** A rule is a list of proxies, for one kind of request or for all. */
  #translateRule(rule: string): string {
    const begin = rule.indexOf('=') + 1;
    const list = rule
      .slice(begin)
      .split(',')
      .map((proxy) => this.#translateProxy(proxy));
    return `${rule.slice(0, begin)}${list.join(',')}`;
  }

  #translateProxy(text: string): string {
    const proxy = readProxy(text);
    if (proxy === undefined) return text;
    const address = this.#addressOf(proxy);
    if (address === undefined) return text;
    const [scheme] = text.trim().split('://', 1);
    const prefix = text.includes('://') ? `${scheme}://` : '';
    return `${prefix}${address}:${contextProxyPort}`;
  }

  /** @returns undefined if there are too many */
  #addressOf(proxy: ContextProxy): string | undefined {
    const key = `${proxy.host} ${proxy.port}`;
    const known = this.#addresses.get(key);
    if (known !== undefined || this.#proxies.length === maxProxies) return known;
    const number = this.#proxies.push(proxy) - 1;
    const address = [firstAddress[0], firstAddress[1], number >> 8, number & 0xff].join('.');
    this.#addresses.set(key, address);
    return address;
  }

  #proxyAt(address: string | undefined): ContextProxy | undefined {
    const [first, second, high, low] = (address ?? '').split('.').map(Number);
    if (first !== firstAddress[0] || second !== firstAddress[1]) return undefined;
    return this.#proxies[((high ?? 0) << 8) | (low ?? 0)];
  }
}

/** @returns undefined for what stays as it is: the run's own proxy, proxies that need TLS, and what is no proxy */
function readProxy(text: string): ContextProxy | undefined {
  const [scheme = '', rest] = text.trim().toLowerCase().split('://');
  const place = rest ?? scheme;
  const defaultPort = defaultPorts[rest === undefined ? 'http' : scheme];
  if (defaultPort === undefined || place === 'direct') return undefined;
  const url = URL.parse(`ftp://${place}`);
  // Chromium accepts neither credentials nor a path here.
  if (url === null || url.username !== '' || !['', '/'].includes(url.pathname)) return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (place.endsWith(':21') ? 21 : defaultPort) : Number(url.port);
  if (host === '' || (host === proxyAddress.host && port === proxyAddress.port)) return undefined;
  return { place: isLoopback(host) ? 'worker' : 'network', host, port };
}

function isLoopback(host: string): boolean {
  return host === '::1' || nameOfLoopback.test(host) || (isIPv4(host) && host.startsWith('127.'));
}

/** Addresses to try for a proxy on loopback. */
export function loopbackAddresses({ host }: ContextProxy): readonly string[] {
  return nameOfLoopback.test(host) ? ['127.0.0.1', '::1'] : [host];
}
