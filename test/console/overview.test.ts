import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishScriptedWorker, runForever } from '../platform/support/scripted-worker.ts';
import { openConsole, type ConsoleBrowser } from './support/console-browser.ts';

const script = `
  const [item] = input.items;
  if (item === 'fail') throw new Error('the page has no price');
  for (let index = 0; index < Number(item); index += 1) await sdk.result.pushData({ index });`;

let browser: ConsoleBrowser;
let worker: string;
beforeAll(async () => {
  browser = await openConsole({ pricePerResult: '0.01' });
  await browser.signIn();
  await browser.platform.publish(path.join(import.meta.dirname, '../../workers/hello'), 'Hello');
  worker = await publishScriptedWorker(browser.platform, 'Prices');
});
afterAll(async () => browser.close());

/** The figure of a card on the page, by its label. */
async function figure(label: string): Promise<string> {
  const card = browser.page.locator('.mantine-Card-root', { hasText: label }).first();
  return (await card.locator('> *').nth(1).textContent()) ?? '';
}

/** Scripts that the page has requested so far. */
async function loadedScripts(): Promise<string[]> {
  const names = await browser.page.evaluate<string[]>(
    `performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.endsWith('.js'))`,
  );
  return names.map((name) => path.basename(name));
}

test('before the first run it shows the first steps', async () => {
  const page = await browser.open('/');
  await page.getByRole('heading', { name: 'Welcome to Chela' }).waitFor();
  await browser.screenshots('overview-empty');
  expect(await browser.violations()).toEqual([]);
  // A page without charts does not load the chart code.
  expect((await loadedScripts()).filter((name) => name.startsWith('charts'))).toEqual([]);
  const steps = page.getByRole('region', { name: 'First steps' });
  // The account has workers already, and nothing else.
  await steps.getByRole('heading', { name: 'Run the demo (To do)' }).waitFor();
  await steps.getByRole('heading', { name: 'Make your own worker (Done)' }).waitFor();
  await steps.getByRole('heading', { name: 'Schedule it (To do)' }).waitFor();
  await steps.getByRole('link', { name: 'Store' }).click();
  await page.getByRole('heading', { name: 'Store', exact: true }).waitFor();
});

describe('with runs and a schedule', () => {
  const title = 'Prices of the morning';
  let going: string;
  beforeAll(async () => {
    const { platform } = browser;
    // The run with which an installation begins does not end the first steps.
    await platform.call(`/workers/${worker}/runs`, {
      body: { input: { parameters: { custom: { script, items: ['0'] } } } },
      headers: { 'x-chela-origin': 'cli' },
    });
    await platform.finished((await platform.call<{ slug: string }>('/worker-runs/last')).data.slug);
    const page = await browser.open('/');
    const steps = page.getByRole('region', { name: 'First steps' });
    await steps.getByRole('heading', { name: 'Run the demo (To do)' }).waitFor();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await browser.screenshots('overview-first-steps');
    for (const items of [['3'], ['2'], ['fail']]) await platform.runSync(worker, { script, items });
    going = await platform.runAsync(worker, { script: runForever, items: ['1', '2'] });
    const task = {
      worker_id: worker,
      title,
      input: { parameters: { custom: { script, items: ['1'] } } },
      schedule_enabled: 1,
      schedule_type: 1,
      schedule_time: '06:30',
    };
    await platform.call('/worker-tasks', { body: task });
  });
  afterAll(async () => {
    await browser.platform.call(`/worker-runs/${going}/abort`, { method: 'POST' });
    await browser.platform.finished(going);
  });

  test('it shows what ended, what is running, what failed and what comes next', async () => {
    const page = await browser.open('/');
    await page.getByText('2 subtasks running').waitFor();
    await page.getByText('3 succeeded, 1 failed').first().waitFor();
    // With all steps done, they are gone.
    expect(await page.getByRole('region', { name: 'First steps' }).count()).toBe(0);
    expect(await figure('Running now')).toBe('1');
    expect(await figure('Runs today')).toBe('4');
    expect(await figure('Rows today')).toBe('5');
    expect(await figure('Success rate')).toBe('75%');
    // The worker's own words, not its exit code.
    await page
      .getByRole('region', { name: 'Recent failures' })
      .getByText('Error: the page has no price', { exact: true })
      .waitFor();
    await page.getByText(title).first().waitFor();
    const chart = page.getByRole('region', { name: 'Runs by outcome' });
    await chart.locator('.recharts-bar-rectangle path').first().waitFor();
    await browser.screenshots('overview');
    expect(await browser.violations()).toEqual([]);
  });
});

test('every chart is also available as a table', async () => {
  const { page } = browser;
  const chart = page.getByRole('region', { name: 'Runs by outcome' });
  // Readers who cannot see it have the table in any case.
  expect(await chart.getByRole('row').count()).toBe(8);
  await chart.getByRole('button', { name: 'Show as table' }).click();
  await chart.locator('.recharts-surface').first().waitFor({ state: 'detached' });
  const cells = await chart.getByRole('row').last().getByRole('cell').allTextContents();
  expect(cells.slice(0, 2)).toEqual(['3', '1']);
  expect(await browser.violations()).toEqual([]);
});

test('the time range is in the URL', async () => {
  const { page } = browser;
  await page.getByText('30 days', { exact: true }).click();
  await page.waitForURL('**/?range=30d');
  await page.getByText('30 days, excluding aborted runs').waitFor();
  await page.reload();
  await page.getByText('30 days, excluding aborted runs').waitFor();
  expect(new URL(page.url()).search).toBe('?range=30d');
});

test('usage is shown by kind and worker, sorted by the URL', async () => {
  const page = await browser.open('/usage?range=7d');
  const panel = page.getByRole('region', { name: 'By worker' });
  await panel.getByRole('link', { name: 'Prices' }).waitFor();
  expect(await figure('Cost')).toBe('0.05');
  await page
    .getByRole('region', { name: 'Cost over time' })
    .locator('.recharts-bar-rectangle path')
    .first()
    .waitFor();
  await browser.screenshots('usage');
  expect(await browser.violations()).toEqual([]);
  await panel.getByRole('button', { name: 'Cost' }).click();
  await page.waitForURL('**/usage?*sort=-usage*');
  await panel
    .getByRole('columnheader', { name: 'Cost' })
    .and(page.locator('[aria-sort=descending]'))
    .waitFor();
  await page.locator('label', { hasText: 'Traffic' }).click();
  await page.waitForURL('**/usage?*metric=traffic*');
});

test('the browser logged no errors and contacted no other host', () => {
  expect(browser.problems).toEqual([]);
});
