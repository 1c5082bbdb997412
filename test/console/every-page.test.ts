/** What holds on every page: contrast in the dark theme, buttons in view on a phone, and words if the server is out of reach. */
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operator } from '../../src/accounts/audit.ts';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { openConsole, type ConsoleBrowser } from './support/console-browser.ts';

const script = `await sdk.result.pushData({ title: 'One' }); if (input.items[0] === 'fail') throw new Error('no price');`;

let browser: ConsoleBrowser;
let pages: readonly string[];
beforeAll(async () => {
  browser = await openConsole();
  await browser.signIn();
  const { platform } = browser;
  const hello = await platform.publish(path.join(import.meta.dirname, '../../workers/hello'), 'Hello');
  const worker = await publishScriptedWorker(platform, 'Prices');
  await platform.runSync(worker, { script, items: ['good'] });
  await platform.runSync(worker, { script, items: ['fail'] });
  const { data: failed } = await platform.call<{ slug: string }>('/worker-runs/last');
  const input = { parameters: { custom: { names: ['Ada'] } } };
  const schedule = { schedule_enabled: 1, schedule_type: 1, schedule_time: '06:30' };
  const body = { worker_id: hello, title: 'Nightly greetings of everyone', input, ...schedule };
  await platform.call('/worker-tasks', { body });
  const { data: tasks } = await platform.call<{ list: { slug: string }[] }>('/worker-tasks');
  await platform.call(`/workers/${hello}/queued-runs`, { body: { input } });
  await platform.call('/users/account/api-keys', { body: { name: 'continuous integration' } });
  await platform.platform.accounts.update('tester', { isAdmin: true }, operator);
  const fixed = ['/', '/runs', '/tasks', '/schedules', '/queue', '/workers', '/store', '/usage', '/account'];
  const named = [`/runs/${failed.slug}`, `/tasks/${tasks.list[0]?.slug}`, `/workers/${hello}`];
  const versioned = [`/workers/${worker}/versions/v1.0.1`, `/workers/${worker}/edit`];
  const forAdmins = ['/accounts', '/system', '/audit-log'];
  pages = [
    ...fixed,
    ...named,
    ...versioned,
    ...forAdmins,
    ...missing,
    '/docs',
    '/docs/quick-start',
    '/docs/api',
    '/docs/api/runWorker',
  ];
});
afterAll(async () => browser.close());

/** Pages of objects that do not exist. */
const missing = ['/runs/missing', '/tasks/missing', '/workers/nobody~nothing'];

/** Opens a page and waits until it has its data. */
async function settled(address: string): Promise<void> {
  const page = await browser.visit(address);
  await page.locator('main h1').first().waitFor();
  await page.locator('main .mantine-Skeleton-root').first().waitFor({ state: 'detached' });
}

test('every page has enough contrast in the dark theme', { timeout: 180_000 }, async () => {
  const page = await browser.open('/');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.locator('html[data-mantine-color-scheme="dark"]').waitFor({ state: 'attached' });
  for (const address of pages) {
    await settled(address);
    const violations = await browser.violations(page, { within: address === '/' ? ':root' : 'main' });
    expect({ address, violations }).toEqual({ address, violations: [] });
  }
  await page.emulateMedia({ colorScheme: 'light' });
});

test.each(['light', 'dark'] as const)(
  'pages for administrators and the sign-in pass axe in the %s theme',
  async (scheme) => {
    const page = await browser.open('/accounts');
    await page.emulateMedia({ colorScheme: scheme });
    await page.locator(`html[data-mantine-color-scheme="${scheme}"]`).waitFor({ state: 'attached' });
    for (const address of ['/accounts', '/system', '/audit-log', '/sign-in', '/forgot-password']) {
      await settled(address);
      const violations = await browser.violations(page, { within: 'main' });
      expect({ address, violations }).toEqual({ address, violations: [] });
    }
    await page.emulateMedia({ colorScheme: 'light' });
  },
);

test.each(missing)('%s says that there is no such page, and leads back to the list', async (address) => {
  const page = await browser.open(address);
  await page.getByRole('heading', { level: 1, name: 'Page not found' }).waitFor();
  const back = page.getByRole('main').getByRole('link').first();
  expect(await back.getAttribute('href')).toBe(`/${address.split('/')[1]}`);
});

/** Names of buttons that are beside the screen, unless they belong to what is scrolled: tabs, and headings of wide tables. */
const buttonsBesideScreen = `[...document.querySelectorAll('main button')]
  .filter((button) => button.closest('th, [role=tablist]') === null && button.getBoundingClientRect().right > innerWidth + 1)
  .map((button) => button.getAttribute('aria-label') ?? button.textContent)`;

test('on a phone no button is beside the screen, and no page is wider than it', async () => {
  const page = await browser.open('/');
  await page.setViewportSize({ width: 390, height: 844 });
  for (const address of pages) {
    await settled(address);
    const beside = await page.evaluate<string[]>(buttonsBesideScreen);
    const width = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect({ address, beside, width }).toEqual({ address, beside: [], width: 390 });
  }
  await page.setViewportSize({ width: 1280, height: 800 });
});

/** Contrast of the placeholder of the page's first text field with the field. */
const placeholderContrast = `(() => {
  const field = [...document.querySelectorAll('main input[placeholder]')].find((input) => input.placeholder !== '');
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const light = (color) => {
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark, bright] = [
    light(getComputedStyle(field, '::placeholder').color),
    light(getComputedStyle(field).backgroundColor),
  ].sort((one, other) => one - other);
  return (bright + 0.05) / (dark + 0.05);
})()`;

test.each(['light', 'dark'] as const)('placeholders can be read in the %s theme', async (colorScheme) => {
  const page = await browser.open('/runs');
  await page.emulateMedia({ colorScheme });
  await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor({ state: 'attached' });
  await page.getByRole('searchbox').waitFor();
  expect(await page.evaluate<number>(placeholderContrast)).toBeGreaterThanOrEqual(4.5);
  await page.emulateMedia({ colorScheme: 'light' });
});

test('a page that is opened offline says so, and loads once the browser is online', async () => {
  const page = await browser.open('/runs');
  await page.getByRole('table').waitFor();
  await browser.visit('/account');
  await page.getByRole('heading', { level: 1, name: 'Account' }).waitFor();
  await browser.context.setOffline(true);
  await browser.visit('/runs?keyword=offline');
  await page
    .getByRole('alert')
    .getByText('The server does not answer. Check your connection.')
    .first()
    .waitFor();
  expect(await page.locator('main .mantine-Skeleton-root').count()).toBe(0);
  await browser.context.setOffline(false);
  await page.getByText('No results match these filters.').waitFor();
});

test('links do not have the color of failures', async () => {
  const page = await browser.open('/runs');
  const colorOf = `getComputedStyle(document.querySelector('main td a')).color`;
  await page.locator('main td a').first().waitFor();
  expect(await page.evaluate(colorOf)).toBe('rgb(20, 88, 160)');
});

test('a held run shows its input', async () => {
  const page = await browser.open('/queue');
  await page.getByRole('button', { name: /^Show the input of Hello/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('"Ada"').waitFor();
  await browser.screenshots('queue-input');
  expect(await browser.violations(page, { within: '[role=dialog]' })).toEqual([]);
});

test('the browser logged no errors and contacted no other host', () => {
  expect(browser.problems.filter((problem) => !problem.includes('ERR_INTERNET_DISCONNECTED'))).toEqual([]);
});
