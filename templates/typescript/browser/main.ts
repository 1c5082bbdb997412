import { chromium } from 'playwright-core';
import sdk from './sdk.js';

/** A list field gives strings, or objects with one text. */
type ListItem = string | { string: string };

interface Input {
  urls?: ListItem[];
}

function textOf(item: ListItem): string {
  return typeof item === 'string' ? item : item.string;
}

async function main(): Promise<void> {
  const { urls = [] }: Input = await sdk.getInput();
  // The platform provides the browser.
  const browser = await chromium.connectOverCDP(process.env['CDP_ENDPOINT'] ?? '');
  const page = await browser.newPage();
  for (const url of urls.map(textOf)) {
    try {
      await page.goto(url, { waitUntil: 'domcontentloaded', timeout: 60_000 });
      const links = await page.locator('a[href]').count();
      await sdk.pushData({ url, title: await page.title(), links });
    } catch (error) {
      await sdk.log.warn('%s could not be opened: %s', url, (error as Error).message);
    }
  }
  await browser.close();
}

try {
  await main();
} catch (error) {
  // Anything but 0: the subtask failed.
  process.exitCode = 1;
  await sdk.log.error((error as Error).stack);
}
