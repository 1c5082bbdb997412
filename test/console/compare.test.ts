import { afterAll, beforeAll, expect, test } from 'vitest';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { openConsole, type ConsoleBrowser } from './support/console-browser.ts';

const script = `
  for (const row of input.rows) await sdk.result.pushData(row);
  if (input.rows.length > 3) throw new Error('the shop is closed');`;

let browser: ConsoleBrowser;
let worker: string;
let earlier: string;
let later: string;
beforeAll(async () => {
  browser = await openConsole();
  await browser.signIn();
  worker = await publishScriptedWorker(browser.platform, 'Prices');
  earlier = await run([
    { title: 'Lamp', url: 'https://a.example/lamp', price: 10 },
    { title: 'Table', url: 'https://a.example/table', price: 80 },
    { title: 'Chair', url: 'https://a.example/chair', price: 30 },
  ]);
  later = await run([
    { title: 'Lamp', url: 'https://a.example/lamp', price: 12 },
    { title: 'Chair', url: 'https://a.example/chair', price: 30 },
    { title: 'Shelf', url: 'https://a.example/shelf', price: 55 },
    { title: 'No address', price: 1 },
  ]);
});
afterAll(async () => browser.close());

async function run(rows: readonly object[]): Promise<string> {
  const slug = await browser.platform.runAsync(worker, { script, rows, items: ['one'] });
  await browser.platform.finished(slug);
  return slug;
}

test('a run is compared with the one before it: figures, input, and rows by a column', async () => {
  const page = await browser.open(`/runs/${later}`);
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Compare with…' }).click();
  await page.waitForURL(`**/runs/${later}/compare`);
  const figures = page.getByRole('table', { name: 'Figures' });
  await figures.getByRole('link', { name: earlier }).waitFor();
  await figures.getByText('Error: the shop is closed').waitFor();
  await page.getByRole('region', { name: 'Input' }).getByText('No address').waitFor();
  // The column that names an address is chosen.
  await page.getByText('All differences 3').waitFor();
  const rows = page.getByRole('table', { name: 'Rows' });
  const texts = await rows.getByRole('row').allTextContents();
  expect(texts.slice(1)).toEqual([
    'Changedhttps://a.example/lampOther run: 10 This run: 12Lamp',
    'Removedhttps://a.example/table80Table',
    'Addedhttps://a.example/shelf55Shelf',
  ]);
  await page.getByText('Rows without url are not compared: 0 of the other run, 1 of this one.').waitFor();
  await browser.screenshots('compare');
  expect(await browser.violations()).toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.locator('html[data-mantine-color-scheme="dark"]').waitFor({ state: 'attached' });
  expect(await browser.violations(page, { within: 'main' })).toEqual([]);
  await page.emulateMedia({ colorScheme: 'light' });
});

test('the address names the runs, the column and the kind of change', async () => {
  const page = await browser.open(`/runs/${later}/compare?with=${earlier}`);
  await page.getByText('Unchanged 1').click();
  await page.getByRole('combobox', { name: 'Compare rows by' }).click();
  await page.getByRole('option', { name: 'price' }).click();
  await page.waitForURL(/key=price/);
  await page.getByText('Unchanged 1').waitFor();
  await page.getByText('Removed 2').click();
  await page.waitForURL(/change=removed/);
  await page.reload();
  const rows = page.getByRole('table', { name: 'Rows' });
  await rows.getByText('Table', { exact: true }).waitFor();
  expect(await rows.getByRole('row').count()).toBe(3);
});

test('two runs of the list are compared', async () => {
  const page = await browser.open('/runs');
  for (const place of [0, 1]) await page.locator('tbody').getByRole('checkbox').nth(place).check();
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  await page.waitForURL(`**/runs/${later}/compare?with=${earlier}`);
  await page.getByText('All differences 3').waitFor();
  expect(await page.title()).toBe('Compare runs · Prices · Chela');
});

test('the browser logged no errors and contacted no other host', () => {
  expect(browser.problems).toEqual([]);
});
