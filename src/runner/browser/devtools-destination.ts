/** Decides which browser a DevTools client gets. See docs/browsers.md. */
import type { IncomingMessage } from 'node:http';
import { BrowserError } from './browser-error.ts';

export type Destination =
  /** A new browser for this client only. */
  | { readonly kind: 'own' }
  /** The browser that the subtask's clients share. */
  | { readonly kind: 'shared' }
  /** A page of the shared browser, or that browser by its id. Only while it is open. */
  | { readonly kind: 'existing'; readonly path: string };

/** The client's choice in the query. */
const parameter = 'browser';
const kinds = ['own', 'shared'] as const;
const rootPaths = new Set(['/', '/ws', '/ws/', '/devtools/browser', '/devtools/browser/']);
const existingPath = /^\/devtools\/[a-z_]+\/[^/]+$/;
/** Clients that use one connection for all pages, and expect a separate browser for each connection. */
const isolatingClients = /^(?:Playwright\/|Puppeteer )/;

/** @throws BrowserError for an unknown path or choice */
export function destinationOf(request: IncomingMessage, { pathname, searchParams }: URL): Destination {
  if (existingPath.test(pathname)) return { kind: 'existing', path: pathname };
  if (!rootPaths.has(pathname)) throw new BrowserError('unknown command', `no browser exists at ${pathname}`);
  const wanted = searchParams.get(parameter);
  if (wanted !== null) {
    const kind = kinds.find((known) => known === wanted);
    if (kind !== undefined) return { kind };
    throw new BrowserError('invalid argument', `${parameter} must be one of: ${kinds.join(', ')}`);
  }
  const isIsolated = pathname === '/' || isolatingClients.test(request.headers['user-agent'] ?? '');
  return { kind: isIsolated ? 'own' : 'shared' };
}
