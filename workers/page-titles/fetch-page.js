'use strict';

const http = require('node:http');
const https = require('node:https');
const { pipeline } = require('node:stream');
const { callbackify } = require('node:util');
const zlib = require('node:zlib');
const { connectThroughProxy } = require('./proxy');

const decompressors = new Map([
  ['gzip', zlib.createGunzip],
  ['br', zlib.createBrotliDecompress],
]);
const redirectStatuses = new Set([301, 302, 303, 307, 308]);
const requestHeaders = {
  'user-agent': 'Mozilla/5.0 (compatible; chela-page-titles/1.0)',
  accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.1',
  'accept-encoding': 'gzip, br',
};

/** Why a page could not be fetched; `retryable` if another attempt may succeed. */
class FetchError extends Error {
  constructor(message, retryable) {
    super(message);
    this.name = 'FetchError';
    this.retryable = retryable;
  }
}

/** Resolves with the response once its headers have arrived. */
function request(url, { timeoutSeconds, signal }, proxy) {
  const secure = url.protocol === 'https:';
  const options = { headers: requestHeaders, signal };
  if (proxy) {
    // Without an agent, Node assumes 80 as the default port.
    options.defaultPort = secure ? 443 : 80;
    const connect = callbackify(connectThroughProxy);
    options.createConnection = ({ host, port }, done) =>
      connect(proxy, { host, port, secure, timeoutSeconds }, done);
  }
  return new Promise((resolve, reject) => {
    (secure ? https : http).get(url, options, resolve).on('error', reject);
  });
}

async function followRedirects(start, options, proxy) {
  let url = start;
  for (let redirects = 0; ; redirects += 1) {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new FetchError(`only http and https can be read, not ${url.protocol}`, false);
    }
    const response = await request(url, options, proxy);
    const { location } = response.headers;
    if (!redirectStatuses.has(response.statusCode) || location === undefined) return { response, url };

    response.destroy();
    if (redirects === options.maxRedirects) {
      throw new FetchError(`more than ${options.maxRedirects} redirects`, false);
    }
    const target = URL.parse(location, url);
    if (!target) throw new FetchError(`redirect to ${location}, which is not a URL`, false);
    url = target;
  }
}

function decompressed(response) {
  const encoding = (response.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return response;
  const createDecompressor = decompressors.get(encoding);
  if (!createDecompressor) throw new FetchError(`unknown compression ${encoding}`, false);
  // The reader of the result gets the errors; pipeline only makes both streams end together.
  return pipeline(response, createDecompressor(), () => {});
}

/** The first `maxBytes` of the decompressed body; the rest is never read. */
async function readBody(response, maxBytes) {
  const chunks = [];
  let sizeBytes = 0;
  // Leaving the loop early closes the stream.
  for await (const chunk of decompressed(response)) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes >= maxBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}

function isHtml(contentType) {
  return contentType === '' || /^(text\/html|application\/xhtml\+xml)\b/i.test(contentType);
}

/**
 * Fetches one page.
 * @param {URL} start
 * @param {{timeoutSeconds: number, maxRedirects: number, maxBytes: number}} limits the timeout covers everything,
 *   including redirects and body
 * @param proxy from readProxy; undefined to connect directly
 * @returns {Promise<{status: number, finalUrl: string, contentType: string, retryAfter?: string, body?: Buffer}>} no
 *   body if the answer is not HTML
 * @throws FetchError
 */
async function fetchPage(start, limits, proxy) {
  const signal = AbortSignal.timeout(limits.timeoutSeconds * 1000);
  try {
    const { response, url } = await followRedirects(start, { ...limits, signal }, proxy);
    const contentType = response.headers['content-type'] ?? '';
    const page = {
      status: response.statusCode,
      finalUrl: url.href,
      contentType,
      retryAfter: response.headers['retry-after'],
    };
    if (isHtml(contentType)) return { ...page, body: await readBody(response, limits.maxBytes) };
    response.destroy();
    return page;
  } catch (error) {
    if (error instanceof FetchError) throw error;
    if (signal.aborted) throw new FetchError(`no complete answer within ${limits.timeoutSeconds} s`, true);
    throw new FetchError(error.message || error.code, true);
  }
}

module.exports = { fetchPage };
