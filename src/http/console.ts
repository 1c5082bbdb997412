/** Serves the web console: its built files, and its HTML page at every path that no other route uses. */
import fastifyStatic from '@fastify/static';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { ApiApp } from './api-context.ts';

const folder = path.resolve(import.meta.dirname, '../../console/dist');
const page = 'index.html';

/** Only resources of this server; Mantine uses inline styles for its colors. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const securityHeaders = {
  'content-security-policy': contentSecurityPolicy,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
} as const;

/** Whether a browser requests a page, as opposed to a program that requests data. */
function wantsPage({ method, url, headers }: FastifyRequest): boolean {
  const isApi = url.startsWith('/api/') || url === '/api';
  return ['GET', 'HEAD'].includes(method) && !isApi && (headers.accept ?? '').includes('text/html');
}

/**
 * Serves the console if it has been built.
 * @returns a handler that answers unmatched requests with the console's page, if appropriate; undefined without a build
 */
export async function addConsole(
  app: ApiApp,
): Promise<(request: FastifyRequest, reply: FastifyReply) => FastifyReply | undefined> {
  if (!existsSync(path.join(folder, page))) return () => undefined;
  await app.register(fastifyStatic, {
    root: folder,
    wildcard: false,
    index: false,
    cacheControl: false,
    globIgnore: [page],
    preCompressed: true,
    setHeaders: ({ raw: response }, file) => {
      // Names of built files change with their content.
      // `file` may be a compressed copy, which stands beside the file itself.
      const isHashed = path.dirname(file) === path.join(folder, 'assets');
      response.setHeader('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    },
  });
  return (request, reply) => (wantsPage(request) ? reply.code(200).sendFile(page) : undefined);
}
