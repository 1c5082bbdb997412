import { fetch, ProxyAgent } from 'undici';
import sdk from './sdk.js';

/** A list field gives strings, or objects with one text. */
type ListItem = string | { string: string };

interface Input {
  urls?: ListItem[];
}

const { PROXY_AUTH = '', PROXY_DOMAIN = '' } = process.env;
const dispatcher = new ProxyAgent({
  uri: `http://${PROXY_DOMAIN}`,
  token: `Basic ${Buffer.from(PROXY_AUTH).toString('base64')}`,
});

function textOf(item: ListItem): string {
  return typeof item === 'string' ? item : item.string;
}

function titleOf(html: string): string {
  const [, title = ''] = /<title[^>]*>([^<]*)/i.exec(html) ?? [];
  return title.trim();
}

async function main(): Promise<void> {
  const { urls = [] }: Input = await sdk.getInput();
  for (const url of urls.map(textOf)) {
    try {
      const response = await fetch(url, { dispatcher, signal: AbortSignal.timeout(30_000) });
      const title = titleOf(await response.text());
      await sdk.pushData({ url, status: response.status, title });
    } catch (error) {
      const { cause, message } = error as Error;
      await sdk.log.warn('%s could not be read: %s', url, cause instanceof Error ? cause.message : message);
    }
  }
}

try {
  await main();
} catch (error) {
  // Anything but 0: the subtask failed.
  process.exitCode = 1;
  await sdk.log.error((error as Error).stack);
}
