import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runWorker } from './support/run-worker.ts';
import { SocksServer } from './support/socks-server.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const source = path.join(import.meta.dirname, '../../workers/page-titles');
const run = promisify(execFile);

const folder = temporaryFolder();
beforeAll(async () => {
  await cp(source, folder, { recursive: true, filter: (file) => path.basename(file) !== 'node_modules' });
  await run('npm', ['ci', '--prefer-offline', '--ignore-scripts'], { cwd: folder });
});

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const page = '<html><head><title>Plain</title></head></html>';

function html(body: string | Buffer, headers: Record<string, string> = {}): Handler {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(body);
  };
}

function redirect(status: number, location: string): Handler {
  return (_, response) => {
    response.writeHead(status, { location }).end();
  };
}

/** Writes until the client disconnects. */
function endless(contentType: string, beginning: string): Handler {
  return (_, response) => {
    response.writeHead(200, { 'content-type': contentType }).write(beginning);
    const fill = () => {
      while (!response.destroyed && response.write(' '.repeat(65_536)));
    };
    response.on('drain', fill);
    fill();
  };
}

/** Fails twice and asks for an immediate retry. */
function busyForTwoRequests(): Handler {
  let requests = 0;
  return (_, response) => {
    requests += 1;
    if (requests <= 2) response.writeHead(503, { 'retry-after': '0' }).end();
    else response.writeHead(200, { 'content-type': 'text/html' }).end(page);
  };
}

interface Case {
  readonly name: string;
  readonly path: string;
  readonly handler: Handler;
  readonly row: Record<string, unknown>;
}

const origin = 'http://127.0.0.1:8080';

const cases: Case[] = [
  {
    name: 'title and description, decoded and on one line',
    path: '/plain',
    handler: html(
      `<!-- <title>no</title> --><svg><title>Icon</title></svg><TITLE lang=en>\n Fish &amp;\n  Chips &#x2019; </TITLE>
       <meta content="Best in&#10;town" NAME=Description><title>Second</title>`,
    ),
    row: {
      status: 200,
      title: 'Fish & Chips ’',
      description: 'Best in town',
      final_url: `${origin}/plain`,
      error: '',
    },
  },
  {
    name: 'an og:description if there is no other description',
    path: '/shared',
    handler: html('<meta property="og:description" content="Shared"><p>text'),
    row: { title: '', description: 'Shared', error: '' },
  },
  {
    name: 'the page behind redirects',
    path: '/moved',
    handler: redirect(301, '/moved-again?a=1'),
    row: { status: 200, title: 'Plain', final_url: `${origin}/target#top`, error: '' },
  },
  {
    name: 'another redirect',
    path: '/moved-again',
    handler: redirect(307, `${origin}/target#top`),
    row: { title: 'Plain' },
  },
  { name: 'the target of redirects', path: '/target', handler: html(page), row: { title: 'Plain' } },
  {
    name: 'a redirect to itself',
    path: '/loop',
    handler: redirect(302, '/loop'),
    row: { status: null, final_url: '', error: 'more than 3 redirects' },
  },
  {
    name: 'a redirect to another kind of address',
    path: '/mail',
    handler: redirect(302, 'mailto:someone@example.com'),
    row: { error: 'only http and https can be read, not mailto:' },
  },
  {
    name: 'an error page',
    path: '/gone',
    handler: (_, response) =>
      response.writeHead(404, { 'content-type': 'text/html' }).end('<title>Not here</title>'),
    row: { status: 404, title: 'Not here', error: 'HTTP 404' },
  },
  {
    name: 'a character set named by the header',
    path: '/header-charset',
    handler: html(Buffer.concat([Buffer.from('<title>'), Buffer.from([0xcf, 0xf0, 0xe8])]), {
      'content-type': 'text/html; charset=windows-1251',
    }),
    row: { title: 'При' },
  },
  {
    name: 'a character set named by the page',
    path: '/page-charset',
    handler: html(
      Buffer.concat([Buffer.from('<meta charset=gbk><title>'), Buffer.from([0xc4, 0xe3, 0xba, 0xc3])]),
      {
        'content-type': 'text/html',
      },
    ),
    row: { title: '你好' },
  },
  {
    name: 'a character set named by a byte order mark',
    path: '/mark',
    handler: html(Buffer.from('\ufeff<title>Märk</title>', 'utf16le'), {
      'content-type': 'text/html; charset=latin1',
    }),
    row: { title: 'Märk' },
  },
  {
    name: 'an unknown character set',
    path: '/unknown-charset',
    handler: html('<title>Grüße</title>', { 'content-type': 'text/html; charset=klingon' }),
    row: { title: 'Grüße' },
  },
  {
    name: 'a page compressed by gzip',
    path: '/gzip',
    handler: html(gzipSync(page), { 'content-encoding': 'gzip' }),
    row: { title: 'Plain', error: '' },
  },
  {
    name: 'a page compressed by Brotli',
    path: '/brotli',
    handler: html(brotliCompressSync(page), { 'content-encoding': 'br' }),
    row: { title: 'Plain', error: '' },
  },
  {
    name: 'a page that is not compressed as declared',
    path: '/broken-gzip',
    handler: html(page, { 'content-encoding': 'gzip' }),
    row: { status: null, error: 'incorrect header check' },
  },
  {
    name: 'a compression that was not requested',
    path: '/unknown-compression',
    handler: html(page, { 'content-encoding': 'rare' }),
    row: { error: 'unknown compression rare' },
  },
  {
    name: 'a small download that unpacks to a huge page',
    path: '/bomb',
    handler: html(gzipSync(`<title>Bomb</title>${' '.repeat(50_000_000)}`), { 'content-encoding': 'gzip' }),
    row: { title: 'Bomb', error: '' },
  },
  {
    name: 'an endless page',
    path: '/endless',
    handler: endless('text/html', '<title>Endless</title>'),
    row: { title: 'Endless', error: '' },
  },
  {
    name: 'an endless download that is not a page',
    path: '/film',
    handler: endless('video/mp4', ''),
    row: { status: 200, title: '', content_type: 'video/mp4', error: 'not HTML but video/mp4' },
  },
  {
    name: 'a connection that breaks',
    path: '/reset',
    handler: (request) => request.socket.destroy(),
    row: { status: null, error: 'socket hang up' },
  },
  {
    name: 'a page with endless headers',
    path: '/silent',
    handler: () => {},
    row: { status: null, error: 'no complete answer within 1 s' },
  },
  {
    name: 'a page that stops in the middle',
    path: '/stuck',
    handler: (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).write('<title>Stuck'),
    row: { status: null, error: 'no complete answer within 1 s' },
  },
];

const handlers = new Map([
  ...cases.map(({ path: requestPath, handler }) => [requestPath, handler] as const),
  ['/busy', busyForTwoRequests()] as const,
]);

function serve(request: IncomingMessage, response: ServerResponse): void {
  handlers.get(request.url?.split('?')[0] ?? '')?.(request, response);
}

/** Handles connections that others accepted; it does not listen itself. */
const site = createServer(serve);
afterAll(() => site.closeAllConnections());

const limits = { timeout_seconds: 1, retries: 0, max_redirects: 3, max_kilobytes: 64 };
const services = { 8080: (socket: unknown) => void site.emit('connection', socket) };

describe('page-titles without a proxy', () => {
  test('reads the URL of its subtask, given as an object', async () => {
    const { exitCode, rows, logLines } = await runWorker(folder, {
      input: { url: `${origin}/plain` },
      services,
    });

    expect(exitCode).toBe(0);
    expect(rows).toHaveLength(1);
    expect(Object.keys(rows[0] ?? {})).toEqual(
      (JSON.parse(await readFile(path.join(source, 'output_schema.json'), 'utf8')) as { name: string }[]).map(
        ({ name }) => name,
      ),
    );
    expect(logLines[0]).toBe('info: reading pages directly: no proxy is set');
  });

  describe('reads', () => {
    let rows: readonly Record<string, unknown>[];
    beforeAll(async () => {
      const start_urls = cases.map(({ path: requestPath }) => ({ url: `${origin}${requestPath}` }));
      ({ rows } = await runWorker(folder, { input: { start_urls, ...limits }, services }));
    });

    test.each(cases)('$name', ({ path: requestPath, row }) => {
      const url = `${origin}${requestPath}`;
      expect(rows.find((candidate) => candidate['url'] === url)).toMatchObject(row);
    });
  });

  test('retries a busy site after the delay it asks for', async () => {
    const { logLines, rows } = await runWorker(folder, {
      input: { start_urls: [`${origin}/busy`], ...limits, retries: 2 },
      services,
    });

    const again = `warn: ${origin}/busy: status 503, trying again in 0.0 s`;
    expect(logLines.filter((line) => line.startsWith('warn: '))).toEqual([again, again]);
    expect(rows).toMatchObject([{ status: 200, title: 'Plain', error: '' }]);
  });

  test('writes one row per URL of a list, with a reason for each that cannot be read', async () => {
    const urls = ['', 'http://', 'ftp://files.example/', '127.0.0.1:8080/plain', `  ${origin}/target `];
    const { rows } = await runWorker(folder, {
      input: { start_urls: urls, ...limits },
      services,
    });

    expect(rows).toMatchObject([
      { url: 'http://', error: 'this is not a URL' },
      { url: 'ftp://files.example/', error: 'only http and https can be read, not ftp:' },
      { url: '127.0.0.1:8080/plain', error: expect.stringMatching(/SSL|EPROTO|packet/i) },
      { url: `${origin}/target`, title: 'Plain', error: '' },
    ]);
  });

  test('retries a broken connection, then reports it as failed', async () => {
    const { logLines, rows } = await runWorker(folder, {
      input: { start_urls: [`${origin}/reset`], ...limits, retries: 1 },
      services,
    });

    expect(logLines.filter((line) => line.includes('trying again'))).toHaveLength(1);
    expect(rows).toMatchObject([{ error: 'socket hang up' }]);
  });
});

describe('page-titles through a proxy', () => {
  const user = 'run-1';
  const password = 'a:b@c';
  const environment = { PROXY_AUTH: `${user}:${password}`, PROXY_DOMAIN: '127.0.0.1:1080' };
  let outside: Server;
  let secure: Server;
  const certificates = temporaryFolder();
  const keyFile = path.join(certificates, 'key.pem');
  const certificateFile = path.join(certificates, 'certificate.pem');

  beforeAll(async () => {
    const subject = ['-subj', '/CN=shop.example', '-addext', 'subjectAltName=DNS:shop.example'];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile];
    await run('openssl', ['req', '-x509', '-days', '2', ...key, ...subject, '-out', certificateFile]);
    outside = createServer(serve);
    secure = createSecureServer(
      { key: await readFile(keyFile), cert: await readFile(certificateFile) },
      serve,
    );
    for (const server of [outside, secure]) server.listen(0, '127.0.0.1');
    await Promise.all([once(outside, 'listening'), once(secure, 'listening')]);
  });
  afterAll(() => {
    for (const server of [outside, secure]) {
      server.closeAllConnections();
      server.close();
    }
  });

  function proxyTo(server: Server) {
    const socks = new SocksServer({ user, password, targetPort: (server.address() as AddressInfo).port });
    return {
      socks,
      services: { 1080: (socket: Parameters<SocksServer['accept']>[0]) => socks.accept(socket) },
    };
  }

  test('lets the proxy resolve host names', async () => {
    const { socks, services } = proxyTo(outside);
    const { rows, logLines } = await runWorker(folder, {
      input: { url: 'http://shop.example/plain', ...limits },
      environment,
      services,
    });

    expect(socks.destinations).toEqual(['shop.example:80']);
    expect(rows).toMatchObject([
      { title: 'Fish & Chips ’', final_url: 'http://shop.example/plain', error: '' },
    ]);
    expect(logLines[0]).toBe('info: reading pages through the proxy');
  });

  test('reads HTTPS pages and checks their certificate', async () => {
    const { socks, services } = proxyTo(secure);
    const { rows } = await runWorker(folder, {
      input: { start_urls: ['shop.example/plain', 'https://other.example/plain'], ...limits },
      environment: { ...environment, NODE_EXTRA_CA_CERTS: certificateFile },
      services,
    });

    expect(socks.destinations).toEqual(['shop.example:443', 'other.example:443']);
    expect(rows).toMatchObject([
      {
        url: 'shop.example/plain',
        final_url: 'https://shop.example/plain',
        title: 'Fish & Chips ’',
        error: '',
      },
      {
        url: 'https://other.example/plain',
        title: '',
        error: expect.stringContaining("does not match certificate's"),
      },
    ]);
  });

  test('says that the proxy refused its credentials', async () => {
    const { services } = proxyTo(outside);
    const { exitCode, rows } = await runWorker(folder, {
      input: { url: 'http://shop.example/plain', ...limits },
      environment: { ...environment, PROXY_AUTH: `${user}:wrong` },
      services,
    });

    expect(exitCode).toBe(0);
    expect(rows).toMatchObject([{ status: null, error: 'Socks5 Authentication failed' }]);
  });

  test('keeps its time limit if the proxy never answers', async () => {
    const { rows } = await runWorker(folder, {
      input: { url: 'http://shop.example/plain', ...limits },
      environment,
      services: { 1080: () => {} },
    });

    expect(rows).toMatchObject([{ status: null, error: 'no complete answer within 1 s' }]);
  });
});
