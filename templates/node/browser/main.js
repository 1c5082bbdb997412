'use strict';

const { chromium } = require('playwright-core');
const sdk = require('./sdk');

/** A list field gives strings, or objects like { string: 'https://example.com/' }. */
function textOf(item) {
  return typeof item === 'string' ? item : item.string;
}

async function main() {
  const { urls = [] } = await sdk.getInput();
  // The platform provides the browser.
  const browser = await chromium.connectOverCDP(process.env.CDP_ENDPOINT);
  const page = await browser.newPage();
  for (const url of urls.map(textOf)) {
    try {
      await page.goto(url, { waitUntil: 'domcontentloaded', timeout: 60_000 });
      const links = await page.locator('a[href]').count();
      await sdk.pushData({ url, title: await page.title(), links });
    } catch (error) {
      await sdk.log.warn('%s could not be opened: %s', url, error.message);
    }
  }
  await browser.close();
}

main().catch(async (error) => {
  // Anything but 0: the subtask failed.
  process.exitCode = 1;
  await sdk.log.error(error.stack);
});
