'use strict';

const { setTimeout: delay } = require('node:timers/promises');
const sdk = require('./sdk');
const { fetchPage } = require('./fetch-page');
const { decodeHtml, readTitleAndDescription } = require('./html');
const { readProxy } = require('./proxy');

const retriedStatuses = new Set([408, 429, 500, 502, 503, 504]);
const firstRetryDelaySeconds = 0.5;
const longestRetryDelaySeconds = 30;

/**
 * The platform starts one subtask per URL. If the list holds objects, the item is merged into the input, `{url: "…"}`;
 * if it holds strings, the input has a list with one item, `{start_urls: ["…"]}`.
 */
function readUrls(input) {
  const items = input.url === undefined ? (input.start_urls ?? []) : [input.url];
  return items.map((item) => String(item?.url ?? item ?? '').trim()).filter((url) => url !== '');
}

/** Runs started through the API may omit fields, so the worker has its own defaults. */
function readLimits(input) {
  return {
    timeoutSeconds: Number(input.timeout_seconds ?? 30),
    retries: Number(input.retries ?? 2),
    maxRedirects: Number(input.max_redirects ?? 10),
    maxBytes: Number(input.max_kilobytes ?? 1024) * 1024,
  };
}

/** Users paste URLs without a scheme. */
function parseUrl(text) {
  const url = URL.parse(/^[a-z][a-z\d+.-]*:/i.test(text) ? text : `https://${text}`);
  if (!url) throw new TypeError('this is not a URL');
  return url;
}

/** The delay doubles with each attempt. Half of it is random, so that subtasks do not retry at the same time. */
function retryDelaySeconds(attempt, retryAfter) {
  const backoff = firstRetryDelaySeconds * 2 ** attempt * (0.5 + Math.random() / 2);
  const asked = /^\d+$/.test(retryAfter ?? '') ? Number(retryAfter) : backoff;
  return Math.min(asked, longestRetryDelaySeconds);
}

async function fetchWithRetries(url, limits, proxy) {
  for (let attempt = 0; ; attempt += 1) {
    let reason;
    let retryAfter;
    try {
      const page = await fetchPage(url, limits, proxy);
      if (!retriedStatuses.has(page.status) || attempt === limits.retries) return page;
      reason = `status ${page.status}`;
      retryAfter = page.retryAfter;
    } catch (error) {
      if (!error.retryable || attempt === limits.retries) throw error;
      reason = error.message;
    }
    const seconds = retryDelaySeconds(attempt, retryAfter);
    await sdk.log.warn('%s: %s, trying again in %s s', url, reason, seconds.toFixed(1));
    await delay(seconds * 1000);
  }
}

function describe(page) {
  const columns = {
    status: page.status,
    final_url: page.finalUrl,
    content_type: page.contentType,
    error: '',
  };
  if (page.status >= 400) columns.error = `HTTP ${page.status}`;
  if (page.body === undefined) {
    columns.error ||= `not HTML but ${page.contentType || 'of unknown type'}`;
    return columns;
  }
  return { ...columns, ...readTitleAndDescription(decodeHtml(page.body, page.contentType)) };
}

/** A page that cannot be read gives a row too, which says why. */
async function readPage(text, limits, proxy) {
  const empty = { url: text, title: '', description: '', status: null, final_url: '', content_type: '' };
  try {
    const page = await fetchWithRetries(parseUrl(text), limits, proxy);
    return { ...empty, ...describe(page) };
  } catch (error) {
    return { ...empty, error: error.message };
  }
}

async function main() {
  const input = await sdk.getInput();
  const limits = readLimits(input);
  const proxy = readProxy(process.env);
  await sdk.log.info(proxy ? 'reading pages through the proxy' : 'reading pages directly: no proxy is set');

  await sdk.setTableHeader([
    { key: 'url', label: 'URL', format: 'text' },
    { key: 'title', label: 'Title', format: 'text' },
    { key: 'description', label: 'Description', format: 'text' },
    { key: 'status', label: 'HTTP status', format: 'integer' },
    { key: 'final_url', label: 'Final URL', format: 'text' },
    { key: 'content_type', label: 'Content type', format: 'text' },
    { key: 'error', label: 'Error', format: 'text' },
  ]);

  for (const url of readUrls(input)) {
    const row = await readPage(url, limits, proxy);
    await sdk.pushData(row);
    if (row.error === '') await sdk.log.info('%s: %s', url, row.title || '(no title)');
    else await sdk.log.warn('%s: %s', url, row.error);
  }
}

main().catch(async (error) => {
  // The exit code determines whether the subtask succeeded.
  process.exitCode = 1;
  await sdk.log.error(error.stack);
});
