/** Ten common errands, each by its shortest way from a signed-in Overview, with the most clicks and entries it may need. */
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { email, openConsole, password, type ConsoleBrowser } from './support/console-browser.ts';

const workers = path.join(import.meta.dirname, '../../workers');

let browser: ConsoleBrowser;
let scripted: string;
let run: string;

/** Counts what a reader does. */
class Hand {
  clicks = 0;
  entries = 0;

  async click(target: Locator): Promise<void> {
    await target.click();
    this.clicks += 1;
  }

  async enter(target: Locator, text: string): Promise<void> {
    await target.fill(text);
    this.entries += 1;
  }
}

async function scriptedRun(script: string): Promise<string> {
  const rows = [{ name: 'Lamp' }, { name: 'lampshade' }, { name: 'Table' }];
  const slug = await browser.platform.runAsync(scripted, { script, rows, items: ['one'] });
  await browser.platform.finished(slug);
  return slug;
}

beforeAll(async () => {
  browser = await openConsole();
  await browser.platform.publish(path.join(workers, 'hello'), 'Hello');
  scripted = await publishScriptedWorker(browser.platform, 'Prices');
  run = await scriptedRun('for (const row of input.rows) await sdk.result.pushData(row);');
  await scriptedRun("throw new Error('the shop is closed');");
  // Gives the account its password. The errands begin signed out.
  await browser.signIn();
  await browser.context.clearCookies();
});
afterAll(async () => browser.close());

interface Errand {
  readonly name: string;
  readonly from: () => string;
  readonly most: { readonly clicks: number; readonly entries: number };
  readonly perform: (hand: Hand) => Promise<void>;
}

const overview = (): string => '/';
const navigation = (name: string): Locator =>
  browser.page.getByRole('navigation').getByRole('link', { name, exact: true });
const button = (name: string): Locator => browser.page.getByRole('button', { name, exact: true });
const dialog = (): Locator => browser.page.getByRole('dialog');

const errands: readonly Errand[] = [
  {
    name: 'sign in',
    from: overview,
    most: { clicks: 1, entries: 2 },
    perform: async (hand) => {
      const { page } = browser;
      await hand.enter(page.getByLabel('E-mail'), email);
      await hand.enter(page.getByRole('textbox', { name: 'Password' }), password);
      await hand.click(button('Sign in'));
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
    },
  },
  {
    name: 'find a run',
    from: overview,
    most: { clicks: 2, entries: 0 },
    perform: async (hand) => {
      await hand.click(navigation('Runs'));
      await hand.click(browser.page.locator(`main a[href="/runs/${run}"]`).first());
      await browser.page.getByRole('cell', { name: 'lampshade' }).waitFor();
    },
  },
  {
    name: 'fill and run',
    from: overview,
    most: { clicks: 3, entries: 1 },
    perform: async (hand) => {
      const { page } = browser;
      await hand.click(navigation('Workers'));
      await hand.click(page.getByRole('main').getByRole('link', { name: 'Hello' }).first());
      await hand.enter(page.getByLabel('Names 1'), 'Lovelace');
      await hand.click(button('Start'));
      await page.waitForURL('**/runs/*');
    },
  },
  {
    name: 'watch it to its end',
    // The page that the start leads to.
    from: () => new URL(browser.page.url()).pathname,
    most: { clicks: 0, entries: 0 },
    perform: async () => {
      await browser.page.getByText('Succeeded', { exact: true }).waitFor();
      await browser.page
        .getByRole('cell', { name: /Lovelace/ })
        .first()
        .waitFor();
    },
  },
  {
    name: 'filter rows by a column',
    from: () => `/runs/${run}`,
    most: { clicks: 1, entries: 1 },
    perform: async (hand) => {
      const { page } = browser;
      await hand.click(page.getByRole('button', { name: /^Filter name/i }));
      await hand.enter(page.getByRole('textbox', { name: 'Value' }), 'lamp');
      await page.keyboard.press('Enter');
      await page.getByText('2 rows found', { exact: true }).waitFor();
    },
  },
  {
    name: 'export rows',
    from: () => `/runs/${run}`,
    most: { clicks: 2, entries: 0 },
    perform: async (hand) => {
      await hand.click(button('Export'));
      const download = browser.page.waitForEvent('download');
      await hand.click(dialog().getByRole('button', { name: 'Export' }));
      expect((await download).suggestedFilename()).toMatch(/\.csv$/);
    },
  },
  {
    name: 'schedule weekly in a zone',
    from: () => '/workers/tester~hello',
    most: { clicks: 7, entries: 2 },
    perform: async (hand) => {
      const { page } = browser;
      await hand.click(button('Schedule'));
      await hand.click(dialog().getByRole('combobox', { name: 'Frequency' }));
      await hand.click(page.getByRole('option', { name: 'Every week' }));
      await hand.click(dialog().getByRole('combobox', { name: 'Day of the week' }));
      await hand.click(page.getByRole('option', { name: 'Friday' }));
      await hand.enter(dialog().getByLabel('Time', { exact: true }), '06:30');
      await hand.enter(dialog().getByRole('combobox', { name: 'Time zone' }), 'Tokyo');
      await hand.click(page.getByRole('option', { name: 'Asia/Tokyo' }));
      await hand.click(dialog().getByRole('button', { name: 'Save' }));
      await page.waitForURL('**/tasks/*');
    },
  },
  {
    name: 'upload a worker',
    from: overview,
    most: { clicks: 4, entries: 0 },
    perform: async (hand) => {
      const { page } = browser;
      await hand.click(navigation('Workers'));
      await hand.click(button('Upload worker'));
      const chooser = page.waitForEvent('filechooser');
      await hand.click(dialog().getByRole('button', { name: 'Choose folder' }));
      await (await chooser).setFiles(path.join(workers, 'page-titles'));
      await hand.click(dialog().getByRole('button', { name: /^Upload/ }));
      await page.getByRole('heading', { name: 'Page titles' }).waitFor();
    },
  },
  {
    name: 'read why a run failed',
    from: overview,
    most: { clicks: 0, entries: 0 },
    perform: async () => {
      await browser.page.getByText('the shop is closed').first().waitFor();
    },
  },
  {
    name: "see last week's usage",
    from: overview,
    most: { clicks: 3, entries: 0 },
    perform: async (hand) => {
      const { page } = browser;
      await hand.click(navigation('Usage'));
      await hand.click(page.getByRole('combobox', { name: 'Time range' }));
      await hand.click(page.getByRole('option', { name: '7 days' }));
      await page.waitForURL('**/usage?range=7d');
    },
  },
];

test.each(errands)('$name', async ({ from, most, perform }) => {
  await browser.open(from());
  const hand = new Hand();
  await perform(hand);
  expect(hand.clicks).toBeLessThanOrEqual(most.clicks);
  expect(hand.entries).toBeLessThanOrEqual(most.entries);
});

test('the browser logged no errors and contacted no other host', () => {
  expect(browser.problems).toEqual([]);
});
