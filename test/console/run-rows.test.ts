/** The table of a run's rows: filters, order, search and the opened row in the address; widths; copies; exports of the selection. */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../platform/support/eventually.ts';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { openConsole, type ConsoleBrowser } from './support/console-browser.ts';

let browser: ConsoleBrowser;
let slug: string;
let worker: string;
let page: Page;

const rows = [
  { name: 'Lamp | red', price: 10, note: 'line\nbreak' },
  { name: 'lampshade', price: 9, note: '=1+1' },
  { name: 'Table', price: 100, note: 'long', text: 'x'.repeat(2000) },
  { name: '<b>Chair</b>', price: null, note: '' },
];

beforeAll(async () => {
  browser = await openConsole();
  await browser.signIn();
  worker = await publishScriptedWorker(browser.platform, 'Scripted');
  slug = await browser.platform.runAsync(worker, {
    script: `await sdk.result.setTableHeader([
        { label: 'Name', key: 'name', format: 'text' }, { label: 'Price', key: 'price', format: 'number' }]);
      for (const row of input.rows) await sdk.result.pushData(row);`,
    rows,
    items: ['one'],
  });
  await browser.platform.finished(slug);
  await browser.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  page = await browser.open(`/runs/${slug}`);
  await page.getByRole('cell', { name: 'lampshade' }).waitFor();
});
afterAll(async () => browser.close());

const address = (): URLSearchParams => new URL(page.url()).searchParams;

/** Waits until the table shows these values of a column. */
async function shows(names: readonly string[]): Promise<void> {
  const cells = page.locator('[role=rowgroup] [role=row]:not(:has([role=columnheader])) [aria-colindex="2"]');
  await eventually(async () => {
    const texts = await cells.allInnerTexts();
    if (JSON.stringify(texts) !== JSON.stringify(names))
      throw new Error(`the table shows ${JSON.stringify(texts)}`);
    return texts;
  });
}

test('a click on a heading sorts, a second one reverses, and the back button undoes', async () => {
  await page.getByRole('button', { name: 'Price', exact: true }).click();
  await shows(['lampshade', 'Lamp | red', 'Table', '<b>Chair</b>']);
  expect(address().get('sort')).toBe('price');
  await page.getByRole('button', { name: 'Price', exact: true }).click();
  await shows(['Table', 'Lamp | red', 'lampshade', '<b>Chair</b>']);
  await page.getByText('Sorted by Price, descending').waitFor();
  expect(await page.getByRole('columnheader', { name: 'Price' }).getAttribute('aria-sort')).toBe(
    'descending',
  );
  expect(await browser.violations()).toEqual([]);
  await page.goBack();
  await shows(['lampshade', 'Lamp | red', 'Table', '<b>Chair</b>']);
  await page.goBack();
  await shows(rows.map(({ name }) => name));
});

test('a filter needs one click, its words are marked, and a reload keeps it', async () => {
  const before = await page.getByRole('table').boundingBox();
  await page.getByRole('button', { name: 'Filter Name' }).click();
  await page.getByRole('textbox', { name: 'Value' }).fill('LAMP');
  await browser.screenshots('run-rows-filter-form');
  expect(await browser.violations()).toEqual([]);
  await page.keyboard.press('Enter');
  await shows(['Lamp | red', 'lampshade']);
  expect(await page.locator('mark').allTextContents()).toEqual(['Lamp', 'lamp']);
  // The table stays where it is.
  expect((await page.getByRole('table').boundingBox())?.y).toBe(before?.y);
  await page.getByText('2 rows found', { exact: true }).waitFor();
  await page.reload();
  await shows(['Lamp | red', 'lampshade']);
  await browser.screenshots('run-rows-filtered');
  await page.getByRole('button', { name: 'Filter Price' }).click();
  await page.getByRole('combobox', { name: 'Condition' }).click();
  await page.getByRole('option', { name: 'Between' }).click();
  await page.getByRole('textbox', { name: 'From' }).fill('10');
  await page.getByRole('button', { name: 'Filter', exact: true }).click();
  await shows(['Lamp | red']);
  await page.getByRole('searchbox', { name: 'Search rows' }).fill('nowhere');
  await page.getByText('No rows match.').waitFor();
  await browser.screenshots('run-rows-none');
  await page.getByRole('searchbox', { name: 'Search rows' }).fill('');
  await shows(['Lamp | red']);
  await page.getByRole('button', { name: 'Clear all' }).click();
  await shows(rows.map(({ name }) => name));
});

test('a click anywhere on a row opens it, and the address leads back to it', async () => {
  await page.getByRole('button', { name: 'Price', exact: true }).click();
  await shows(['lampshade', 'Lamp | red', 'Table', '<b>Chair</b>']);
  await page.getByRole('cell', { name: 'Table' }).click();
  await page.getByRole('dialog').getByText('"long"').waitFor();
  expect(address().get('row')).toBe('3');
  await page.getByRole('button', { name: 'Previous row' }).click();
  await page.getByRole('dialog').getByText('"Lamp | red"').waitFor();
  expect(address().get('row')).toBe('1');
  await page.getByRole('button', { name: 'Full width' }).click();
  await browser.screenshots('run-rows-opened');
  expect(await browser.violations()).toEqual([]);
  await page.getByRole('button', { name: 'Full width' }).click();
  await page.reload();
  await page.getByRole('dialog').getByText('"Lamp | red"').waitFor();
  // A row opened from a link knows its place among the rows shown, too.
  await page.getByRole('button', { name: 'Previous row' }).click();
  await page.getByRole('dialog').getByText('"lampshade"').waitFor();
  await page.goBack();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(address().get('row')).toBeNull();
});

test('an address from outside shows what it can and ignores the rest', async () => {
  await browser.open(
    `/runs/${slug}?filter=${encodeURIComponent('[{"key":"price","operator":"empty"},{"key":1},"x",{"key":"a","operator":"x"}]')}&order=up&row=x`,
  );
  await shows(['<b>Chair</b>']);
  await browser.open(
    `/runs/${slug}?filter=${encodeURIComponent('[{"key":"at","operator":"range","from":"yesterday"}]')}`,
  );
  await page.getByText('from of condition 1 of filter must be a number').waitFor();
  await page.getByRole('button', { name: 'Clear all' }).click();
  await shows(rows.map(({ name }) => name));
  expect(address().get('filter')).toBeNull();
});

test('columns keep the width they are given', async () => {
  const heading = page.getByRole('columnheader', { name: 'Name' });
  const width = async (): Promise<number> => Math.round((await heading.boundingBox())?.width ?? 0);
  const before = await width();
  const handle = page.getByRole('separator', { name: 'Width of Name' });
  const box = await handle.boundingBox();
  if (box === null) throw new Error('there is no handle');
  await page.mouse.move(box.x + 4, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x - 96, box.y + 10);
  await page.mouse.up();
  expect(await width()).toBe(before - 100);
  await page.reload();
  await page.getByRole('cell', { name: 'lampshade' }).waitFor();
  expect(await width()).toBe(before - 100);
  await handle.focus();
  await page.keyboard.press('ArrowRight');
  expect(await width()).toBe(before - 80);
  await handle.dblclick();
  expect(await width()).toBe(before);
});

test('selected rows, or those in view, are copied as csv, json or Markdown', async () => {
  const copied = async (): Promise<string> => page.evaluate('navigator.clipboard.readText()');
  const copy = async (button: string, format: string): Promise<string> => {
    await page.getByRole('button', { name: button }).click();
    await page.getByRole('menuitem', { name: format }).click();
    await page
      .getByText(/rows? copied/)
      .last()
      .waitFor();
    return copied();
  };
  expect((await copy('Copy rows in view', 'As JSON')).length).toBeGreaterThan(2000);
  await page.getByRole('checkbox', { name: 'Select row 1' }).check();
  await page.getByRole('checkbox', { name: 'Select row 2' }).check();
  await browser.screenshots('run-rows-selected');
  expect(await browser.violations()).toEqual([]);
  await page.getByRole('button', { name: 'Copy selected (2)' }).waitFor();
  expect(await copy('Copy selected (2)', 'As CSV')).toBe(
    `name,price,note,text\r\nLamp | red,10,"line\nbreak",\r\nlampshade,9,'=1+1,\r\n`,
  );
  const markdown = await copy('Copy selected (2)', 'As Markdown');
  expect(markdown).toContain('| name | price | note | text |\n| --- | --- | --- | --- |\n');
  expect(markdown).toContain(String.raw`| Lamp \| red | 10 | line<br>break |  |`);
  await page.getByRole('button', { name: 'Clear selection' }).click();
});

test('an export has the rows that the table shows', async () => {
  await browser.open(`/runs/${slug}?sort=price&order=desc&search=lamp`);
  await shows(['Lamp | red', 'lampshade']);
  await page.getByRole('button', { name: 'Export options' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('checkbox', { name: 'Only the rows shown, in their order' }).waitFor();
  await browser.screenshots('run-rows-export');
  expect(await browser.violations()).toEqual([]);
  await dialog.getByRole('radio', { name: 'jsonl' }).check();
  const download = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Export' }).click();
  const lines = (await readFile(await (await download).path(), 'utf8')).trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { name: string }).name)).toEqual([
    'Lamp | red',
    'lampshade',
  ]);
});

test('the next export has the format of the last one, with one click', async () => {
  await browser.open(`/runs/${slug}`);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export jsonl' }).click();
  expect((await download).suggestedFilename()).toMatch(/\.jsonl$/);
});

test('a column with an empty key has a heading and a filter', async () => {
  const run = await browser.platform.runAsync(worker, {
    script: `await sdk.result.pushData({ '': 'nameless', next: 1 });`,
    items: ['one'],
  });
  await browser.platform.finished(run);
  await browser.open(`/runs/${run}`);
  await page.getByRole('button', { name: 'Filter ""', exact: true }).waitFor();
  expect(await page.getByRole('columnheader').allInnerTexts()).toContain('""');
});

test('the browser logged no errors and contacted no other host', () => {
  expect(browser.problems).toEqual([]);
});
