import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../bundled-workers/support/temporary-folder.ts';
import { writeScriptedWorker } from '../platform/support/scripted-worker.ts';
import { publishBundledWorkers } from '../../src/workers/bundled-workers.ts';
import { openConsole, type ConsoleBrowser } from './support/console-browser.ts';

const folder = temporaryFolder();
let browser: ConsoleBrowser;
/** Runs the script in its input. */
let scripted: string;
beforeAll(async () => {
  browser = await openConsole();
  await browser.signIn();
  await publishBundledWorkers(browser.platform.platform);
  await writeScriptedWorker(folder);
  scripted = await browser.platform.publish(folder, 'Scripted');
});
afterAll(async () => browser.close());

test('before the first run the list says how to start one', async () => {
  const page = await browser.open('/runs');
  await page.getByText('No runs yet').waitFor();
  await browser.screenshots('runs-empty');
  expect(await browser.violations()).toEqual([]);
  await page.getByRole('link', { name: 'Choose a worker' }).click();
  await page.getByRole('heading', { name: 'Store', exact: true }).waitFor();
});

describe('from the store to the first export', () => {
  test('a worker is found, its form filled in, and its run started', async () => {
    const page = await browser.open('/store');
    await page.getByRole('link', { name: 'Page titles' }).waitFor();
    await browser.screenshots('store');
    expect(await browser.violations()).toEqual([]);
    await page.getByRole('searchbox', { name: 'Search workers' }).fill('hello');
    await page.getByRole('link', { name: 'Page titles' }).waitFor({ state: 'detached' });
    expect(new URL(page.url()).search).toBe('?keyword=hello');
    await page.getByRole('link', { name: 'Hello' }).click();
    await page.getByLabel('Names 1').waitFor();
    await browser.screenshots('worker-form');
    expect(await browser.violations()).toEqual([]);
    await page.getByLabel('Names 1').fill('Ada');
    await page.getByLabel('Names 3').fill('你好');
    await page.getByLabel('Rounds').fill('5000');
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.getByText('Maximum: 1000.').waitFor();
    await page.getByLabel('Rounds').fill('2');
    await page.getByRole('radio', { name: 'Cheerful' }).check();
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.waitForURL('**/runs/*');
    await page.getByText('Succeeded', { exact: true }).waitFor();
    await page.getByRole('cell', { name: 'Hello, Ada!' }).first().waitFor();
    await page.getByRole('cell', { name: 'Hello, 你好!' }).first().waitFor();
    await browser.screenshots('run-results');
    expect(await browser.violations()).toEqual([]);
    const slug = page.url().split('/').at(-1) ?? '';
    expect(await browser.platform.run(slug)).toMatchObject({ origin: 'console', results: 6 });
  });

  test('its log shows all levels and can be searched', async () => {
    const { page } = browser;
    await page.getByRole('tab', { name: 'Log' }).click();
    await page.getByText('warn: something to know; the work goes on').waitFor();
    await browser.screenshots('run-log');
    expect(await browser.violations()).toEqual([]);
    const search = page.getByRole('textbox', { name: 'Search the log' });
    await search.fill('SOMETHING');
    await page.getByText('1 of 2').waitFor();
    expect(await page.locator('mark').allTextContents()).toEqual(['something', 'something']);
    await search.press('Enter');
    await page.getByText('2 of 2').waitFor();
    await page.getByRole('checkbox', { name: 'Matches only' }).check();
    await page.getByText('2 lines', { exact: true }).waitFor();
    await page.getByText('error: something failed').waitFor();
  });

  test('its rows are downloaded as CSV', async () => {
    const { page } = browser;
    await page.getByRole('button', { name: 'Export options' }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('dialog').getByRole('button', { name: 'Export' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toMatch(/^hello-.*\.csv$/);
    const lines = (await readFile(await file.path(), 'utf8')).trim().split(/\r?\n/);
    expect(lines).toHaveLength(7);
    expect(lines[0]).toBe('id,greeting,length,date');
  });

  test('it appears in the list, which the URL filters', async () => {
    const page = await browser.open('/runs?status=succeeded');
    await page.getByRole('link', { name: 'Hello' }).waitFor();
    await browser.screenshots('runs');
    expect(await browser.violations()).toEqual([]);
    await page.goto(`${browser.platform.url}/runs?status=failed`);
    await page.getByText('No results match these filters.').waitFor();
  });
});

describe('a running run', () => {
  test('shows rows and log lines as they arrive, and is aborted', async () => {
    const script = `
      for (let index = 0; ; index += 1) {
        await sdk.result.pushData({ index });
        await sdk.log.info('row ' + index);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }`;
    const slug = await browser.platform.runAsync(scripted, { script, items: ['one'] });
    const page = await browser.open(`/runs/${slug}`);
    await page.getByText('Running').waitFor();
    await page.getByRole('cell', { name: '3', exact: true }).first().waitFor();
    await page.getByRole('cell', { name: '15', exact: true }).first().waitFor();
    await page.getByRole('tab', { name: 'Log' }).click();
    await page.getByText('row 20', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Abort' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Abort' }).click();
    await page.getByText('Aborted', { exact: true }).waitFor();
    expect((await browser.platform.run(slug)).status).toBe('failed');
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.waitForURL((url) => !url.pathname.endsWith(slug));
    const again = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    await browser.platform.call(`/worker-runs/${again}/abort`, { method: 'POST' });
    await browser.platform.finished(again);
  });
});

test('the output of a worker never becomes markup, a script or an image of another host', async () => {
  const rows = [
    { text: '<img src=x onerror="window.hacked=1">', link: 'javascript:window.hacked=2' },
    { text: '<script>window.hacked=3</script>', link: 'https://rows.example/?<b>' },
    {
      text: { nested: '<svg onload="window.hacked=4">' },
      link: 'data:text/html,<script>window.hacked=5</script>',
    },
  ];
  const script = `
    for (const row of ${JSON.stringify(rows)}) await sdk.result.pushData(row);
    await sdk.log.error('<img src="https://log.example/x.png" onerror="window.hacked=6">');
    throw new Error('<b>failed</b>');`;
  const slug = await browser.platform.runAsync(scripted, { script, items: ['one'] });
  await browser.platform.finished(slug);
  const page = await browser.open(`/runs/${slug}`);
  await page.getByText('<script>window.hacked=3</script>').waitFor();
  const links = await page
    .locator('[role=cell] a')
    .evaluateAll((anchors) => anchors.map((anchor) => String(anchor)));
  expect(links).toEqual(['https://rows.example/?%3Cb%3E']);
  await page.getByRole('tab', { name: 'Log' }).click();
  // The failure shown above contains it too.
  await page.getByText('<img src="https://log.example/x.png"').last().waitFor();
  expect(await page.evaluate('window.hacked')).toBeUndefined();
});

/** One red pixel. */
const dot =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';

test("a worker's README is rendered as Markdown without dangerous parts", async () => {
  const readme = [
    '# A **bold** readme',
    '<script>window.hacked=1</script><img src="https://readme.example/x.png"><iframe src="https://readme.example/"></iframe>',
    '[bad](javascript:window.hacked=2) [good](https://readme.example/page)',
    '![A chart](https://readme.example/chart.png) ![](https://readme.example/a/shot.webp?x=1) ![Ours](images/ours.png)',
    `![A dot](${dot}) ![Script](javascript:window.hacked=4) ![Vector](data:image/svg+xml;base64,PHN2Zy8+)`,
    '<form action="https://readme.example/"><input name="password"></form><p onclick="window.hacked=3">text</p>',
  ].join('\n\n');
  await writeFile(path.join(folder, 'README.md'), readme);
  const workerId = await browser.platform.publish(folder, 'With readme');
  const page = await browser.open(`/workers/${workerId}?tab=readme`);
  await page.getByRole('heading', { name: 'A bold readme' }).waitFor();
  await page.getByText('<p onclick="window.hacked=3">text</p>').click();
  const panel = page.getByRole('tabpanel');
  // Pictures of other hosts are links, those within the text are shown.
  const chart = panel.getByRole('link', { name: 'A chart' });
  expect(await chart.getAttribute('href')).toBe('https://readme.example/chart.png');
  await panel.getByRole('link', { name: 'shot.webp' }).waitFor();
  await panel.getByText('Ours', { exact: true }).waitFor();
  await panel.getByText('Vector', { exact: true }).waitFor();
  expect(
    await panel
      .locator('img')
      .evaluateAll((images) => images.map((image) => [image.getAttribute('alt'), image.getAttribute('src')])),
  ).toEqual([['A dot', dot]]);
  await browser.screenshots('readme-pictures');
  expect(await panel.locator('script, iframe, form, input, [onclick]').count()).toBe(0);
  expect(await panel.getByText('bad', { exact: true }).getAttribute('href')).toBeNull();
  const good = panel.getByRole('link', { name: 'good' });
  expect(await good.getAttribute('rel')).toBe('noopener noreferrer nofollow');
  expect(await page.evaluate('window.hacked')).toBeUndefined();
});

test('a README that would take minutes to format is shown as text, and the page stays usable', async () => {
  const readme = '*a_'.repeat(30_000);
  await writeFile(path.join(folder, 'README.md'), readme);
  const workerId = await browser.platform.publish(folder, 'With slow readme');
  const page = await browser.open(`/workers/${workerId}?tab=readme`);
  await page.getByText('This readme is too long or too complex to format.').waitFor();
  expect(await page.getByRole('tabpanel').textContent()).toContain(readme);
  await page.getByRole('tab', { name: 'Runs' }).click();
  await page.getByText('No runs yet. Fill in the form').waitFor();
});

test('the browser logged no errors and contacted no other host', () => {
  expect(browser.problems).toEqual([]);
});
