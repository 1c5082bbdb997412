/** The page of a run: log and rows of any size, subtasks, exports with progress, callbacks, and explanations of its state. */
import { readFile } from 'node:fs/promises';
import type { Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Receiver } from '../callbacks/support/receiver.ts';
import { publishScriptedWorker, runForever } from '../platform/support/scripted-worker.ts';
import { openConsole, type ConsoleBrowser } from './support/console-browser.ts';

let browser: ConsoleBrowser;
/** Runs the script in its input. */
let scripted: string;
beforeAll(async () => {
  browser = await openConsole({
    callbackAllowedTargets: ['127.0.0.1'],
    callbackRetrySeconds: [1, 1, 1],
    sandboxOpenFileLimit: 200,
  });
  await browser.signIn();
  scripted = await publishScriptedWorker(browser.platform, 'Scripted');
});
afterAll(async () => browser.close());

async function runToEnd(script: string, items: string[] = ['one']): Promise<string> {
  const slug = await browser.platform.runAsync(scripted, { script, items });
  await browser.platform.finished(slug);
  return slug;
}

/** Runs a statement about one run; `$1` is its slug. */
async function change(slug: string, statement: string, ...values: unknown[]): Promise<void> {
  await browser.platform.platform.database.pool.query(statement, [slug, ...values]);
}

const insertLines = `
  WITH target AS (SELECT id, day FROM run WHERE slug = $1), counted AS (
    UPDATE run_log SET debug_lines = 0, info_lines = $2::bigint - $2::bigint / 1000, warn_lines = 0,
      error_lines = $2::bigint / 1000
    FROM target WHERE run_id = target.id
  )
  INSERT INTO log_line (day, run_id, id, subtask, type, content, logged_at)
  SELECT day, id, i, 1, CASE WHEN i % 1000 = 0 THEN 4 ELSE 2 END, 'line number ' || i, now()
  FROM target, generate_series(1, $2::bigint) AS i`;

const insertRows = `
  WITH target AS (SELECT id, day, result_count AS first FROM run WHERE slug = $1), counted AS (
    UPDATE run SET result_count = result_count + $2::bigint WHERE slug = $1
  )
  INSERT INTO result_row (day, run_id, number, subtask, data)
  SELECT day, id, first + i, 1, json_build_object('name', 'row ' || i, 'size', i) FROM target, generate_series(0, $2::bigint - 1) AS i`;

/** Paths of the requests to a part of the API during an action. */
async function requestsOf(page: Page, part: string, work: () => Promise<void>): Promise<string[]> {
  const seen: string[] = [];
  const note = (request: Request): void => {
    if (new URL(request.url()).pathname.endsWith(part)) seen.push(request.url());
  };
  page.on('request', note);
  await work();
  page.off('request', note);
  return seen;
}

test('files are listed with previews, and rows refer to them', async () => {
  const gif = 'R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==';
  const slug = await runToEnd(`
    const put = (name, body) => fetch(process.env.CHELA_FILES_URL + '/' + name, { method: 'PUT', body });
    await put('shots/1.gif', Buffer.from('${gif}', 'base64'));
    await put('page.html', Buffer.from('<script>window.hacked = 1</script>'));
    await sdk.result.pushData({ shot: 'chela-file:shots/1.gif', page: 'chela-file:page.html' });`);
  const page = await browser.open(`/runs/${slug}`);
  const decodedWidth = async (name: string): Promise<number> =>
    page.getByRole('img', { name }).evaluate(async (element) => {
      const image = element as unknown as { decode: () => Promise<void>; naturalWidth: number };
      await image.decode();
      return image.naturalWidth;
    });
  expect(await decodedWidth('shot')).toBe(1);
  await page.getByRole('link', { name: 'page.html' }).waitFor();
  await page.getByRole('tab', { name: 'Files' }).click();
  expect(await decodedWidth('shots/1.gif')).toBe(1);
  await page.getByRole('cell', { name: 'text/html' }).waitFor();
  expect(await browser.violations()).toEqual([]);
  await browser.screenshots('run-files');
  await page.getByRole('button', { name: 'Preview of page.html' }).click();
  await page.getByText('<script>window.hacked = 1</script>').waitFor();
  const empty = await runToEnd('');
  await browser.open(`/runs/${empty}?tab=files`);
  await page.getByRole('link', { name: 'How to keep files' }).waitFor();
  expect(browser.problems).toEqual([]);
});

describe('a log of 1,000,000 lines', () => {
  let page: Page;
  const lineCount = 1_000_000;
  beforeAll(async () => {
    const slug = await runToEnd('');
    await change(slug, 'DELETE FROM log_line USING run WHERE run.slug = $1 AND run_id = run.id');
    await change(slug, insertLines, lineCount);
    page = await browser.open(`/runs/${slug}?tab=log`);
    await page.getByText('line number 1', { exact: true }).waitFor();
  });
  const scrollTo = async (share: number): Promise<void> => {
    await page
      .getByRole('region', { name: 'Log' })
      .evaluate((frame, part) => frame.scrollTo(0, (frame.scrollHeight - frame.clientHeight) * part), share);
  };
  /** Rendered lines. */
  const lines = async (): Promise<number> => page.locator('[data-line]').count();

  test('scrolls to its middle and its end while only a window of it is rendered', async () => {
    const requests = await requestsOf(page, '/log/lines', async () => {
      await scrollTo(0.5);
      await page.locator('[data-line="500010"]').waitFor();
      expect(await lines()).toBeLessThan(100);
      await scrollTo(1);
      await page.getByText(`line number ${lineCount}`, { exact: true }).waitFor();
      expect(await lines()).toBeLessThan(100);
    });
    expect(requests.length).toBeLessThan(8);
    for (const url of requests)
      expect(Number(new URL(url).searchParams.get('limit'))).toBeLessThanOrEqual(200);
    expect(await page.evaluate('document.querySelectorAll("*").length')).toBeLessThan(1500);
  });

  test('moves line by line with the keyboard, although one pixel of the scroll bar covers many lines', async () => {
    await scrollTo(0.25);
    const first = async (): Promise<number> =>
      Number(await page.locator('[data-line]').first().getAttribute('data-line'));
    await page.locator('[data-line="250010"]').waitFor();
    const before = await first();
    const frame = page.getByRole('region', { name: 'Log' });
    await frame.focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await first()).toBe(before + 2);
    await page.keyboard.press('End');
    await page.getByText(`line number ${lineCount}`, { exact: true }).waitFor();
    await page.keyboard.press('Home');
    await page.getByText('line number 1', { exact: true }).waitFor();
  });

  test('is filtered by level, and searched match by match', async () => {
    await page.getByText(/^Error 1,000$/).click();
    await page.getByText('1,000 lines', { exact: true }).waitFor();
    await page.getByText('line number 1000', { exact: true }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('number 777');
    // Line 777000 is the only error line with this word.
    await page.getByText('1 of 1', { exact: true }).waitFor();
    await page.getByText('line number 777000').waitFor();
    expect(await page.locator('mark').allTextContents()).toEqual(['number 777']);
    await page.keyboard.press('Escape');
    await page.getByText(/^Error 1,000$/).click();
    await page.getByText('1,000,000 lines', { exact: true }).waitFor();
    await browser.screenshots('run-log-large');
    expect(await browser.violations()).toEqual([]);
  });
});

describe('rows', () => {
  test('up to 200,000 are scrolled, searched and opened without loading them all', async () => {
    const slug = await runToEnd(`await sdk.result.setTableHeader([
      { label: 'Name', key: 'name', format: 'text' }, { label: 'Size', key: 'size', format: 'integer' }]);`);
    await change(slug, insertRows, 200_000);
    const page = await browser.open(`/runs/${slug}`);
    await page.getByRole('cell', { name: 'row 0', exact: true }).waitFor();
    const table = page.getByRole('rowgroup', { name: 'Results' });
    const requests = await requestsOf(page, '/result', async () => {
      await table.evaluate((frame) => frame.scrollTo(0, frame.scrollHeight));
      await page.getByRole('cell', { name: 'row 199999', exact: true }).waitFor();
    });
    expect(requests.length).toBeLessThan(4);
    expect(await page.getByRole('row').count()).toBeLessThan(60);
    await page.getByRole('button', { name: 'Open row 200,000' }).click();
    await page.getByRole('dialog').getByText('"row 199999"').waitFor();
    await page.getByRole('button', { name: 'Previous row' }).click();
    await page.getByRole('dialog').getByText('"row 199998"').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('searchbox', { name: 'Search rows' }).fill('ROW 12345');
    await page.getByText('11 rows found', { exact: true }).waitFor();
    await page.getByRole('cell', { name: 'row 123459', exact: true }).waitFor();
  });

  const colourful = {
    name: 'Lamp',
    html: '<b onclick="window.hacked=1">bold</b>',
    price: 12.5,
    isbn: '@@',
    available: true,
    seen: '2026-05-01T10:00:00Z',
    page: 'https://shop.example/lamp',
    picture: 'data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==',
    other: 'https://shop.example/lamp.png',
    parts: { bulb: { watt: [40, 60] } },
  };
  const formats: Record<string, string> = {
    price: 'number',
    isbn: 'integer',
    available: 'boolean',
    seen: 'datetime',
    parts: 'object',
  };
  const headers = Object.keys(colourful).map((key) => ({ key, label: key, format: formats[key] ?? 'text' }));

  test('are shown in their format, and the selected columns are remembered', async () => {
    const slug = await runToEnd(`await sdk.result.setTableHeader(${JSON.stringify(headers)});
      await sdk.result.pushData(${JSON.stringify(colourful)});`);
    await change(
      slug,
      `UPDATE result_row SET data = replace(data::text, '"@@"', '12345678901234567890')::json FROM run WHERE slug = $1 AND run_id = run.id`,
    );
    const page = await browser.open(`/runs/${slug}`);
    await page.getByRole('cell', { name: '12345678901234567890', exact: true }).waitFor();
    await page.getByRole('cell', { name: 'yes', exact: true }).waitFor();
    await page.getByRole('cell', { name: 'May 1, 2026, 10:00:00 AM' }).waitFor();
    await page.getByRole('cell', { name: '<b onclick="window.hacked=1">bold</b>' }).waitFor();
    // Columns out of view are not rendered.
    expect(await page.getByRole('columnheader', { name: 'parts' }).count()).toBe(0);
    await page
      .getByRole('rowgroup', { name: 'Results' })
      .evaluate((frame) => frame.scrollTo(frame.scrollWidth, 0));
    const picture = page.getByRole('img', { name: 'picture' });
    const width = await picture.evaluate(async (element) => {
      const image = element as unknown as { decode: () => Promise<void>; naturalWidth: number };
      await image.decode();
      return image.naturalWidth;
    });
    expect(width).toBe(1);
    // An image of another host becomes a link.
    const link = page.getByRole('link', { name: 'lamp.png' });
    expect([await link.getAttribute('rel'), await link.getAttribute('target')]).toEqual([
      'noopener noreferrer nofollow',
      '_blank',
    ]);
    await page.getByRole('button', { name: /^Expand parts/ }).click();
    await page.getByText('bulb').last().click();
    await page.getByText('watt').last().click();
    await page.getByText('40').last().waitFor();
    await page.keyboard.press('Escape');
    await browser.screenshots('run-formats');
    expect(await browser.violations()).toEqual([]);

    await page.getByRole('rowgroup', { name: 'Results' }).evaluate((frame) => frame.scrollTo(0, 0));
    await page.getByRole('columnheader', { name: 'html' }).waitFor();
    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByRole('checkbox', { name: 'html' }).uncheck();
    await page.getByRole('columnheader', { name: 'html' }).waitFor({ state: 'detached' });
    await page.reload();
    await page.getByRole('columnheader', { name: 'name' }).waitFor();
    expect(await page.getByRole('columnheader', { name: 'html' }).count()).toBe(0);
    await page
      .locator('label')
      .filter({ hasText: /^JSON$/ })
      .click();
    const json = page.getByRole('region', { name: 'Rows as JSON' });
    expect(await json.textContent()).toContain('"isbn": 12345678901234567890');
    expect(await json.textContent()).not.toContain('onclick');
    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByRole('button', { name: 'Show all' }).click();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
  });

  test('of a screenshot worker show thumbnails that open', async () => {
    const slug = await runToEnd(`
      const base64 = ${JSON.stringify(`R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw`)};
      for (let row = 0; row < 20; row += 1)
        await sdk.result.pushData({ name: 'page ' + row, shot: base64 + 'A'.repeat(1_000_000), wide: ['x'.repeat(2000)] });`);
    const page = await browser.open(`/runs/${slug}`);
    await page.getByRole('cell', { name: 'page 3', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Open picture: shot' }).first().click();
    const picture = page.getByRole('dialog').getByRole('img', { name: 'shot' });
    const length = await picture.evaluate(async (element) => {
      const image = element as unknown as { decode: () => Promise<void>; src: string };
      await image.decode();
      return image.src.length;
    });
    expect(length).toBeGreaterThan(1_000_000);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await browser.screenshots('run-pictures');
    expect(await browser.violations()).toEqual([]);
    await page.getByRole('button', { name: 'Open row 1', exact: true }).click();
    await page.getByRole('dialog').locator('img').waitFor();
    await page.keyboard.press('Escape');
  });

  test('that arrive while the reader looks at the first ones are counted and move nothing', async () => {
    const slug = await browser.platform.runAsync(scripted, {
      script: `for (let row = 0; row < 40; row += 1) await sdk.result.pushData({ row }); ${runForever}`,
      items: ['one'],
    });
    await browser.platform.logged(slug, 'running');
    const page = await browser.open(`/runs/${slug}`);
    await page.getByText('40 rows', { exact: true }).waitFor();
    await page.getByRole('cell', { name: '0', exact: true }).waitFor();
    await change(slug, insertRows.replaceAll("'size', i", "'row', 1000 + i"), 60);
    await page.getByRole('button', { name: /\d+ new rows/ }).waitFor();
    expect(await page.getByRole('rowgroup', { name: 'Results' }).evaluate((frame) => frame.scrollTop)).toBe(
      0,
    );
    await page.getByRole('button', { name: /\d+ new rows/ }).click();
    await page.getByRole('cell', { name: '1059', exact: true }).waitFor();
    await browser.platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
    await page.getByText('The run was aborted').waitFor();
  });
});

test('are exported to csv unchanged for programs, with a byte order mark for Excel', async () => {
  const slug = await runToEnd("await sdk.result.pushData({ sum: '=1+1' });");
  const page = await browser.open(`/runs/${slug}`);
  await page.getByRole('button', { name: 'Export options' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('checkbox', { name: 'Defuse formulas' }).uncheck();
  await dialog.getByRole('checkbox', { name: 'Byte order mark' }).check();
  await browser.screenshots('run-export-csv');
  expect(await browser.violations()).toEqual([]);
  const download = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Export' }).click();
  const file = await download;
  expect(await readFile(await file.path(), 'utf8')).toBe('\uFEFFsum\r\n=1+1\r\n');
  await dialog.getByRole('radio', { name: 'json', exact: true }).check();
  expect(await dialog.getByRole('checkbox', { name: 'Byte order mark' }).count()).toBe(0);
});

test('are exported in the chosen format and columns, with progress shown', async () => {
  const slug = await runToEnd("await sdk.result.pushData({ first: 'a', second: 'b' });");
  await change(
    slug,
    insertRows.replace("'name', 'row ' || i, 'size', i", "'first', repeat('x', 500), 'second', i"),
    150_000,
  );
  const page = await browser.open(`/runs/${slug}`);
  await page.getByRole('button', { name: 'Export options' }).click();
  const dialog = page.getByRole('dialog');
  expect(await dialog.getByRole('radio').count()).toBe(8);
  await dialog.getByRole('radio', { name: 'jsonl' }).check();
  await dialog.getByRole('checkbox', { name: 'All columns' }).uncheck();
  await dialog.getByRole('checkbox', { name: 'first' }).uncheck();
  const download = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Export' }).click();
  await dialog.getByRole('progressbar').waitFor();
  const file = await download;
  expect(file.suggestedFilename()).toMatch(/\.jsonl$/);
  const lines = (await readFile(await file.path(), 'utf8')).trim().split('\n');
  expect([lines.length, lines[0]]).toEqual([150_001, '{"second":"b"}']);
  await dialog.getByText('The file is ready').waitFor();
  expect(await dialog.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('100');
  await browser.screenshots('run-export');
  expect(await browser.violations()).toEqual([]);
});

describe('a run whose subtasks ended differently', () => {
  let slug: string;
  let page: Page;
  beforeAll(async () => {
    slug = await runToEnd(
      `await sdk.log.info('I am ' + input.items[0]);
       await sdk.result.pushData({ item: input.items[0] });
       if (input.items[0] === 'bad') throw new Error('no such page');`,
      ['good', 'bad', 'fine'],
    );
    page = await browser.open(`/runs/${slug}`);
  });

  test('shows which ones failed, why, and what was logged last', async () => {
    await page.getByText('Some subtasks failed', { exact: true }).waitFor();
    await page.getByText('1 of 3 subtasks failed: #2 the worker ended with exit code 1').waitFor();
    await page.getByText('Error: no such page', { exact: true }).waitFor();
    await page.getByText(/Fix the worker or its input/).waitFor();
    await page.getByRole('status').getByText('1 of 3 failed', { exact: true }).waitFor();
    await browser.screenshots('run-partly-failed');
    expect(await browser.violations()).toEqual([]);
    await page.getByRole('button', { name: 'Show the failed subtasks' }).click();
  });

  test('lists them, each with its own status, rows, input and log', async () => {
    const subtasks = page.getByRole('region', { name: 'Subtasks' });
    await subtasks.getByText('Failed', { exact: true }).waitFor();
    expect(new URL(page.url()).search).toBe('?tab=subtasks&status=failed');
    await page.getByText(/^All 3$/).click();
    await subtasks.getByText('Succeeded').first().waitFor();
    await page.getByText(/^Failed 1$/).click();
    await subtasks.getByText('Succeeded').first().waitFor({ state: 'detached' });
    expect(await subtasks.getByRole('row').nth(1).textContent()).toMatch(
      /^2Failed.*1.*Error: no such pageExit code 1/,
    );
    await browser.screenshots('run-subtasks');
    expect(await browser.violations()).toEqual([]);
    await page.getByRole('button', { name: 'Input of subtask 2' }).click();
    await page.getByRole('dialog').getByText('"bad"').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Log of subtask 2' }).click();
    await page.getByText('I am bad', { exact: true }).waitFor();
    expect(await page.getByText('I am good', { exact: true }).count()).toBe(0);
    expect(new URL(page.url()).search).toBe('?tab=log&subtask=2');
  });

  test('links from its error to the line of the log', async () => {
    await page.getByRole('button', { name: 'Show in log' }).click();
    await page.waitForURL('**?tab=log&find=*');
    await page.getByText('1 of 1').waitFor();
    await page.locator('mark').waitFor();
    expect(await page.locator('mark').allTextContents()).toEqual(['Error: no such page']);
  });

  test('shows its input, and opens the form with it', async () => {
    await page.getByRole('tab', { name: 'Network' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('region', { name: 'Input' }).getByText('"fine"').waitFor();
    expect(new URL(page.url()).search).toBe('?tab=input');
    await browser.screenshots('run-input');
    expect(await browser.violations()).toEqual([]);
    await page.getByRole('link', { name: 'Edit and run' }).first().click();
    await page.waitForURL(`**/workers/${scripted}?from=${slug}`);
  });
});

test.each([
  ['its own limit', { execute_limit_time_seconds: 1 }, runForever, 'Raise the time limit under'],
  [
    'a limit that its output names',
    {},
    `const fs = require('fs'); for (;;) fs.openSync('/dev/null');`,
    'This may be why: it reached the Open file limit of 200 files (CHELA_SANDBOX_OPEN_FILE_LIMIT).',
  ],
])('a run that failed at %s says how to raise the limit', async (_, system, script, advice) => {
  const { run_slug: slug } = await browser.platform.runSync(scripted, { script, items: ['one'] }, system);
  const page = await browser.open(`/runs/${slug}`);
  await page.getByText('The run failed', { exact: true }).waitFor();
  await page.getByText(advice).waitFor();
  expect(await browser.violations()).toEqual([]);
});

test('a queued run says why it waits, and starts by itself', async () => {
  const { runnerSlots } = browser.platform.platform.config;
  const items = Array.from({ length: runnerSlots }, (_, index) => String(index));
  const busy = await browser.platform.runAsync(scripted, { script: runForever, items });
  await browser.platform.logged(busy, 'SYSTEM: running');
  const slug = await browser.platform.runAsync(scripted, { script: '', items: ['one'] });
  const page = await browser.open(`/runs/${slug}`);
  await page.getByText(`${runnerSlots} of ${runnerSlots} runner slots are in use.`).waitFor();
  await browser.screenshots('run-waiting');
  expect(await browser.violations()).toEqual([]);
  await browser.platform.call(`/worker-runs/${busy}/abort`, { method: 'POST' });
  await page.getByRole('status').getByText('Succeeded', { exact: true }).waitFor();
});

test('a running run shows its log live, and follows it until the reader scrolls', async () => {
  const script = `for (let index = 0; ; index += 1) {
    await sdk.log.info('tick ' + index);
    if (index > 100) await new Promise((resolve) => setTimeout(resolve, 50));
  }`;
  const slug = await browser.platform.runAsync(scripted, { script, items: ['one'] });
  const page = await browser.open(`/runs/${slug}?tab=log`);
  await page.getByText('tick 110', { exact: true }).waitFor();
  const follow = page.getByRole('checkbox', { name: 'Follow' });
  expect(await follow.isChecked()).toBe(true);
  await page.getByRole('region', { name: 'Log' }).evaluate((frame) => frame.scrollTo(0, 0));
  await page.getByText('tick 0', { exact: true }).waitFor();
  expect(await follow.isChecked()).toBe(false);
  await page.keyboard.press('f');
  expect(await follow.isChecked()).toBe(true);
  await page.getByText('tick 0', { exact: true }).waitFor({ state: 'detached' });
  await page.getByRole('checkbox', { name: 'Wrap lines' }).check();
  await browser.platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
  await page.getByText('The run was aborted').waitFor();
  await page.getByText('run aborted by user').last().waitFor();
  await page.getByRole('checkbox', { name: 'Wrap lines' }).uncheck();
});

describe.each([
  ['succeeds', '', 'Succeeded', 'Succeeded · Scripted · Chela'],
  ['fails', 'throw new Error("no such page");', 'Failed', 'Error: no such page · Scripted · Chela'],
  ['is aborted', runForever, 'Aborted', 'Aborted · Scripted · Chela'],
])('the page of a run that %s', (name, script, state, title) => {
  test('moves nothing from the start to the end, and no control appears under the pointer', async () => {
    const slug = await browser.platform.runAsync(scripted, {
      script: `while ((await fetch(process.env.CHELA_STORES_URL + '/gates/' + input.gate)).status !== 200);
        await sdk.result.pushData({ a: 1 }); ${script}`,
      gate: name,
      items: ['one'],
    });
    const page = await browser.open(`/runs/${slug}?tab=input`);
    const places = async (): Promise<unknown> =>
      Promise.all(
        [
          page.getByRole('tablist'),
          page.getByRole('button', { name: 'Abort' }),
          page.getByRole('button', { name: 'Run again' }),
          page.getByRole('button', { name: 'Export options' }),
        ].map(async (part) => part.boundingBox()),
      );
    await page.getByText('The run is in progress').waitFor();
    const before = await places();
    await browser.platform.call(`/stores/gates/value?key=${encodeURIComponent(name)}`, {
      method: 'PUT',
      body: { value: true },
    });
    if (state === 'Aborted') {
      await page.getByRole('button', { name: 'Abort' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Abort' }).click();
    }
    await page.getByRole('status').getByText(state, { exact: true }).waitFor();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.getByRole('button', { name: 'Abort' }).isDisabled()).toBe(true);
    expect(await page.getByRole('button', { name: 'Run again' }).isEnabled()).toBe(true);
    expect(await places()).toEqual(before);
    expect(await page.title()).toBe(title);
  });
});

test('callbacks are shown with every delivery attempt', async () => {
  const receiver = await Receiver.start((response, _request, index) => {
    response.writeHead(index === 0 ? 503 : 200).end(index === 0 ? 'too <b>busy</b>' : 'thank you');
  });
  try {
    const { data } = await browser.platform.call<{ run_slug: string }>(`/workers/${scripted}/runs`, {
      body: { input: { parameters: { custom: { script: '', items: ['one'] } } }, callback_url: receiver.url },
    });
    const page = await browser.open(`/runs/${data.run_slug}?tab=callbacks`);
    await page.getByText(receiver.url).waitFor();
    await page.getByText('too <b>busy</b>').waitFor();
    await page.getByText('503', { exact: true }).waitFor();
    await page.getByText('thank you').first().waitFor();
    await page.getByText('Delivered').first().waitFor();
    await browser.screenshots('run-callbacks');
    expect(await browser.violations()).toEqual([]);
    await page.getByRole('tab', { name: 'Usage' }).click();
    await page.getByText('No charges for this run so far.').waitFor();
    await page.getByText('Processor time').waitFor();
  } finally {
    await receiver.close();
  }
});

test('the browser logged no errors and contacted no other host', () => {
  expect(browser.problems).toEqual([]);
});

describe('the network tab', () => {
  const insertHosts = `
    INSERT INTO run_host (run_id, subtask, host, port, outcome, connections, sent_bytes, received_bytes, first_at, last_at)
    SELECT id, 1, host, port, outcome, 2, bytes, bytes, now(), now() FROM run,
      (VALUES ('www.example.com', 443, 'connected', 5000), ('10.0.0.1', 80, 'private_address', 0),
        ('2606:4700::1111', 8080, 'connected', 7000), ('', 0, 'connected', 9000)) AS added (host, port, outcome, bytes)
    WHERE slug = $1`;

  test('lists hosts by bytes with reasons in words, and finds one', async () => {
    const slug = await runToEnd('');
    const page = await browser.open(`/runs/${slug}?tab=network`);
    await page.getByText('No connections', { exact: true }).waitFor();
    await change(slug, insertHosts);
    await page.reload();
    const rows = page.getByRole('region', { name: 'Network' }).locator('tbody tr');
    await page.getByText('Other hosts', { exact: true }).waitFor();
    expect(await rows.locator('td:first-child').allInnerTexts()).toEqual([
      '[2606:4700::1111]:8080',
      'www.example.com:443',
      '10.0.0.1:80',
      expect.stringContaining('Other hosts'),
    ]);
    expect(await rows.nth(2).innerText()).toContain('Not a public address (2)');
    await browser.screenshots('run-network');
    expect(await browser.violations()).toEqual([]);
    await page.getByRole('searchbox', { name: 'Search hosts' }).fill('example');
    await rows.nth(1).waitFor({ state: 'detached' });
    expect(await rows.innerText()).toContain('www.example.com');
    await page.getByRole('searchbox', { name: 'Search hosts' }).fill('nowhere');
    await page.getByText('No hosts match.').waitFor();
  });
});
