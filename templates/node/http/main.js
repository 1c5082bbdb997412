'use strict';

const { fetch, ProxyAgent } = require('undici');
const sdk = require('./sdk');

const { PROXY_AUTH, PROXY_DOMAIN } = process.env;
const dispatcher = new ProxyAgent({
  uri: `http://${PROXY_DOMAIN}`,
  token: `Basic ${Buffer.from(PROXY_AUTH).toString('base64')}`,
});

/** A list field gives strings, or objects like { string: 'https://example.com/' }. */
function textOf(item) {
  return typeof item === 'string' ? item : item.string;
}

function titleOf(html) {
  const [, title = ''] = /<title[^>]*>([^<]*)/i.exec(html) ?? [];
  return title.trim();
}

async function main() {
  const { urls = [] } = await sdk.getInput();
  for (const url of urls.map(textOf)) {
    try {
      const response = await fetch(url, { dispatcher, signal: AbortSignal.timeout(30_000) });
      const title = titleOf(await response.text());
      await sdk.pushData({ url, status: response.status, title });
    } catch (error) {
      await sdk.log.warn('%s could not be read: %s', url, error.cause?.message ?? error.message);
    }
  }
}

main().catch(async (error) => {
  // Anything but 0: the subtask failed.
  process.exitCode = 1;
  await sdk.log.error(error.stack);
});
