/**
 * Ten common errands, each by its shortest way from a signed-in Overview, with the clicks and entries it may need, and those it
 * needed before it was shortened. A drop counts as a click.
 */
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { JSHandle, Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { zipFolder } from '../../src/workers/archive.ts';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { email, openConsole, password, type ConsoleBrowser } from './support/console-browser.ts';

const workers = path.join(import.meta.dirname, '../../workers');

let browser: ConsoleBrowser;
let scripted: string;
let run: string;

async function dropOf(name: string, content: Buffer): Promise<JSHandle> {
  return browser.page.evaluateHandle(`(() => {
    const bytes = Uint8Array.from(atob('${content.toString('base64')}'), (character) => character.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], '${name}', { type: 'application/zip' }));
    return data;
  })()`);
}

/** Counts what a reader does. */
class Hand {
  clicks = 0;
  entries = 0;

  async click(target: Locator): Promise<void> {
    await target.click();
    this.clicks += 1;
  }

  async drop(name: string, content: Buffer): Promise<void> {
    const dataTransfer = await dropOf(name, content);
    await browser.page.locator('body').dispatchEvent('dragover', { dataTransfer });
    await browser.page.getByText('Drop to upload').waitFor();
    await browser.page.locator('body').dispatchEvent('drop', { dataTransfer });
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

interface Effort {
  readonly clicks: number;
  readonly entries: number;
}

interface Errand {
  readonly name: string;
  readonly from: () => string;
  /** Undefined if it was not possible. */
  readonly before: Effort | undefined;
  readonly most: Effort;
  readonly perform: (hand: Hand) => Promise<void>;
}

const overview = (): string => '/';
const navigation = (name: string): Locator =>
  browser.page.getByRole('navigation').getByRole('link', { name, exact: true });
const button = (name: string): Locator => browser.page.getByRole('button', { name, exact: true });
const dialog = (): Locator => browser.page.getByRole('dialog');

const errands: readonly Errand[] = [
  {
    name: 'sign in for the first time',
    from: overview,
    // A password form cannot have fewer.
    before: undefined,
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
    name: 'sign in after the session has expired',
    from: overview,
    before: { clicks: 1, entries: 2 },
    most: { clicks: 0, entries: 1 },
    perform: async (hand) => {
      const { page } = browser;
      // Requests of the page could renew the session.
      await page.goto('about:blank');
      await browser.context.clearCookies();
      await browser.open('/');
      await page.getByLabel('E-mail').waitFor();
      expect(await page.getByLabel('E-mail').inputValue()).toBe(email);
      await hand.enter(page.getByRole('textbox', { name: 'Password' }), password);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
    },
  },
  {
    name: 'find a run',
    from: overview,
    before: { clicks: 2, entries: 0 },
    most: { clicks: 1, entries: 0 },
    perform: async (hand) => {
      const { page } = browser;
      const recent = page.getByRole('region', { name: 'Recent runs' });
      await hand.click(recent.locator(`a[href="/runs/${run}"]`));
      await page.getByRole('cell', { name: 'lampshade' }).waitFor();
    },
  },
  {
    name: 'fill and run',
    from: overview,
    before: { clicks: 3, entries: 1 },
    most: { clicks: 1, entries: 1 },
    perform: async (hand) => {
      const { page } = browser;
      await hand.click(page.getByRole('link', { name: 'Fill in and run Hello' }));
      await hand.enter(page.getByLabel('Names 1'), 'Lovelace');
      await page.keyboard.press('Control+Enter');
      await page.waitForURL('**/runs/*');
    },
  },
  {
    name: 'watch it to its end',
    // The page that the start leads to.
    from: () => new URL(browser.page.url()).pathname,
    before: { clicks: 0, entries: 0 },
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
    before: undefined,
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
    before: { clicks: 2, entries: 0 },
    most: { clicks: 1, entries: 0 },
    perform: async (hand) => {
      const download = browser.page.waitForEvent('download');
      await hand.click(button('Export csv'));
      expect((await download).suggestedFilename()).toMatch(/\.csv$/);
    },
  },
  {
    name: 'schedule weekly in a zone',
    from: overview,
    before: { clicks: 10, entries: 3 },
    most: { clicks: 5, entries: 2 },
    perform: async (hand) => {
      const { page } = browser;
      await hand.click(page.getByRole('link', { name: 'Fill in and run Hello' }));
      await hand.click(button('Schedule'));
      await hand.click(dialog().getByText('Fri', { exact: true }));
      await hand.enter(dialog().getByLabel('Time', { exact: true }), '06:30');
      await hand.enter(dialog().getByRole('combobox', { name: 'Time zone' }), 'Tokyo');
      await hand.click(page.getByRole('option', { name: 'Asia/Tokyo' }));
      await hand.click(dialog().getByRole('button', { name: 'Save' }));
      await page.waitForURL('**/tasks/*');
      await page.getByText('Every Friday, 06:30').first().waitFor();
    },
  },
  {
    name: 'upload a worker',
    from: overview,
    before: { clicks: 4, entries: 0 },
    most: { clicks: 2, entries: 0 },
    perform: async (hand) => {
      const { page } = browser;
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
      const zip = await buffer(await zipFolder(path.join(workers, 'page-titles')));
      await hand.drop('page-titles.zip', zip);
      await hand.click(dialog().getByRole('button', { name: /^Upload/ }));
      await page.getByRole('heading', { name: 'Page titles' }).waitFor();
    },
  },
  {
    name: 'read why a run failed',
    from: overview,
    before: { clicks: 0, entries: 0 },
    most: { clicks: 0, entries: 0 },
    perform: async () => {
      await browser.page.getByText('the shop is closed').first().waitFor();
    },
  },
  {
    name: "see last week's usage",
    from: overview,
    before: { clicks: 3, entries: 0 },
    most: { clicks: 1, entries: 0 },
    perform: async (hand) => {
      const { page } = browser;
      await hand.click(navigation('Usage'));
      await page.getByRole('radio', { name: '7 days', checked: true }).waitFor({ state: 'attached' });
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

test('every errand takes at most 60 percent of the clicks and entries of before', () => {
  const efforts = errands.flatMap(({ name, before, most }) =>
    before === undefined || before.clicks + before.entries === 0
      ? []
      : [{ name, share: (most.clicks + most.entries) / (before.clicks + before.entries) }],
  );
  expect(efforts.filter(({ share }) => share > 0.6)).toEqual([]);
});

test('the browser logged no errors and contacted no other host', () => {
  expect(browser.problems).toEqual([]);
});
