import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishScriptedWorker, runForever } from '../platform/support/scripted-worker.ts';
import { openConsole, type ConsoleBrowser } from './support/console-browser.ts';

let browser: ConsoleBrowser;
let worker: string;
/** Oldest first; the second one has the most rows. */
let runs: string[];
beforeAll(async () => {
  browser = await openConsole({
    plans: new Map([['two', { name: 'two', concurrentRuns: 2, isPrepaid: false }]]),
    defaultPlan: 'two',
  });
  await browser.signIn();
  const { platform } = browser;
  worker = await publishScriptedWorker(platform, 'Counter');
  await platform.publish(path.join(import.meta.dirname, '../../workers/hello'), 'Hello');
  const script =
    'for (let index = 0; index < Number(input.items[0]); index += 1) await sdk.result.pushData({ index });';
  runs = [];
  for (const items of [['1'], ['5']]) runs.push((await platform.runSync(worker, { script, items })).run_slug);
  runs.push((await platform.runSync('tester~hello', { names: ['Ada'] })).run_slug);
});
afterAll(async () => browser.close());

/** Slugs of the runs on the page, top down. */
async function listed(): Promise<string[]> {
  const links = browser.page.getByRole('main').locator('[data-row-link]');
  const addresses = await links.evaluateAll((anchors) => anchors.map((anchor) => String(anchor)));
  return addresses.map((address) => address.split('/').at(-1) ?? '');
}

async function eventuallyListed(expected: (string | undefined)[]): Promise<void> {
  await expect.poll(listed, { timeout: 120_000 }).toEqual(expected);
}

describe('runs', () => {
  test('are filtered and sorted by the URL', async () => {
    await browser.open(`/runs?worker=tester~counter&sort=-results`);
    await eventuallyListed([runs[1], runs[0]]);
    await browser.open(`/runs?keyword=hello&origin=api_v2&status=succeeded&size=50`);
    await eventuallyListed([runs[2]]);
    await browser.open('/runs?from=2020-01-01&to=2020-12-31');
    await browser.page.getByText('No results match these filters.').waitFor();
    await browser.page.getByRole('button', { name: 'Clear filters' }).click();
    await eventuallyListed(runs.toReversed());
    expect(new URL(browser.page.url()).search).toBe('');
  });

  test('are labeled by how they ended, and can be filtered by it', async () => {
    const { page, platform } = browser;
    const run = async (script: string, items: string[]): Promise<string> =>
      (await platform.runSync(worker, { script, items })).run_slug;
    const partly = await run(`if (input.items[0] === 'bad') process.exit(4);`, ['good', 'bad', 'fine']);
    const failed = await run(`throw new Error('no such page')`, ['one']);
    const aborted = await platform.runAsync(worker, { script: runForever, items: ['one'] });
    await platform.call(`/worker-runs/${aborted}/abort`, { method: 'POST' });
    await platform.finished(aborted);
    await browser.open('/runs?status=failed');
    await eventuallyListed([failed]);
    await page.getByText('Error: no such page', { exact: true }).waitFor();
    await page.getByRole('combobox', { name: 'Status' }).click();
    await page.getByRole('option', { name: 'Aborted' }).click();
    await page.waitForURL('**/runs?status=aborted');
    await eventuallyListed([aborted]);
    await browser.open('/runs?status=partly_failed');
    await eventuallyListed([partly]);
    await page.getByText('1 of 3 failed', { exact: true }).waitFor();
    await page.getByText('Subtask 2: Exit code 4', { exact: true }).waitFor();
    await browser.open('/runs?status=exit');
    await eventuallyListed([failed]);
    await browser.screenshots('runs-failed');
    expect(await browser.violations()).toEqual([]);
    for (const slug of [partly, failed, aborted])
      await platform.platform.database.pool.query('DELETE FROM run WHERE slug = $1', [slug]);
    await browser.open('/runs');
    await eventuallyListed(runs.toReversed());
  });

  test('filters go into the URL, and the back button restores them', async () => {
    const page = await browser.open('/runs');
    await page.getByRole('button', { name: 'Rows' }).click();
    await page.waitForURL('**/runs?sort=-results');
    await eventuallyListed([runs[1], runs[2], runs[0]]);
    await page.getByRole('button', { name: 'Rows' }).click();
    await page.waitForURL('**/runs?sort=results');
    await page.getByRole('combobox', { name: 'Any worker' }).click();
    await page.getByRole('option', { name: 'Counter' }).click();
    await page.waitForURL('**/runs?*worker=tester*counter*');
    await eventuallyListed([runs[0], runs[1]]);
    await browser.screenshots('runs-filtered');
    expect(await browser.violations()).toEqual([]);
  });

  test('keyboard: / searches, j and k move through the list, Enter opens', async () => {
    const page = await browser.open('/runs');
    await eventuallyListed(runs.toReversed());
    await page.keyboard.press('/');
    await page.keyboard.type('counter');
    await page.waitForURL('**/runs?keyword=counter');
    await eventuallyListed([runs[1], runs[0]]);
    await page.keyboard.press('Escape');
    expect(await page.getByRole('searchbox').inputValue()).toBe('counter');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/runs/*');
    expect(new URL(page.url()).pathname).toBe(`/runs/${runs[1]}`);
  });
});

describe('the command palette', () => {
  test('opens with Ctrl+K, and finds pages, workers, tasks and runs', async () => {
    const page = await browser.open('/runs');
    await eventuallyListed(runs.toReversed());
    await page.keyboard.press('Control+k');
    const field = page.getByPlaceholder('Page, worker, task or run');
    await field.waitFor();
    await field.fill('hel');
    await page.getByRole('button', { name: 'Hello tester/hello' }).waitFor();
    await browser.screenshots('palette');
    expect(await browser.violations()).toEqual([]);
    await field.fill(runs[0] ?? '');
    await page.getByRole('button', { name: `Counter ${runs[0]}` }).waitFor();
    await field.fill('run queue');
    await page.getByRole('button', { name: 'Run queue' }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/queue');
  });
});

/** Puts runs into the run queue. @returns their references */
async function hold(count: number): Promise<string[]> {
  const refs: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const body = { input: { parameters: { custom: { script: '', items: ['1'] } } } };
    const { data } = await browser.platform.call<{ queue_ref: string }>(`/workers/${worker}/queued-runs`, {
      body,
    });
    refs.push(data.queue_ref);
  }
  return refs;
}

describe('the run queue', () => {
  test('is empty at first', async () => {
    const page = await browser.open('/queue');
    await page.getByText('No runs on hold').waitFor();
    await browser.screenshots('queue-empty');
    expect(await browser.violations()).toEqual([]);
  });

  test('starts the selected items, and reports the outcome of each', async () => {
    const [first, second, third] = await hold(3);
    const page = await browser.open('/queue');
    await page.getByRole('checkbox', { name: `Select Counter ${first}` }).check();
    await page.getByRole('checkbox', { name: `Select Counter ${second}` }).check();
    await page.getByText('2 selected').waitFor();
    await browser.screenshots('queue');
    expect(await browser.violations()).toEqual([]);
    // Another client has already handled one of them.
    await browser.platform.call('/run-queue/items/release', { body: { queue_refs: [second] } });
    await page.getByRole('button', { name: 'Start' }).click();
    const told = page.getByRole('alert');
    await told.getByText('1 done, 1 failed').waitFor();
    await told.getByText(`Counter (${second}): item is not in waiting state`).waitFor();
    const slug = (await told.getByRole('link').textContent()) ?? '';
    expect(await browser.platform.finished(slug)).toMatchObject({ status: 'succeeded', origin: 'console' });
    await page.getByRole('checkbox', { name: `Select Counter ${third}` }).waitFor();
    expect(await page.getByRole('checkbox', { name: /^Select Counter/ }).count()).toBe(1);
    expect(await browser.violations()).toEqual([]);
  });

  test('discards all items of a page with a reason, which the history shows', async () => {
    const { page } = browser;
    await page.getByRole('checkbox', { name: 'Select all on this page' }).check();
    await page.getByRole('button', { name: 'Discard' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('not needed any more');
    await dialog.getByRole('button', { name: 'Discard' }).click();
    await page.getByText('1 done').waitFor();
    await page.getByRole('tab', { name: 'History' }).click();
    await page.waitForURL('**/queue?tab=inactive');
    await page.getByRole('cell', { name: 'not needed any more' }).waitFor();
    await page.getByRole('link', { name: 'Started' }).waitFor();
    expect(await browser.violations()).toEqual([]);
  });
});

describe('the calendar of schedules', () => {
  test('is empty without schedules', async () => {
    const page = await browser.open('/schedules');
    await page.getByText('No schedules are enabled').waitFor();
    expect(await browser.violations()).toEqual([]);
  });

  test("shows the ticks of a week in the reader's time zone, and marks clashes", async () => {
    const schedules = [
      ['Morning', '08:00', 'UTC'],
      ['Also in the morning', '09:00', 'Africa/Lagos'],
      ['Evening', '20:15', 'UTC'],
    ] as const;
    for (const [title, time, timezone] of schedules) {
      await browser.platform.call('/worker-tasks', {
        body: {
          worker_id: worker,
          title,
          input: { parameters: { custom: { script: '', items: ['1'] } } },
          schedule_enabled: 1,
          schedule_type: 1,
          schedule_time: time,
          schedule_timezone: timezone,
        },
      });
    }
    const page = await browser.open('/schedules?week=1');
    await page.getByText('7 overlaps').waitFor();
    expect(await page.getByRole('region').count()).toBe(7);
    const day = page.getByRole('region').first();
    expect(await day.locator('time').allTextContents()).toEqual(['08:00', '08:00', '20:15']);
    await day.getByText('09:00 in Africa/Lagos').waitFor();
    expect(await day.getByText('same time as 1 other task').count()).toBe(2);
    await browser.screenshots('schedules');
    expect(await browser.violations()).toEqual([]);
    await page.getByRole('link', { name: 'Evening' }).first().click();
    await page.waitForURL('**/tasks/*');
    await page.getByRole('heading', { level: 1, name: 'Evening' }).waitFor();
  });
});

test('the System page is for administrators and shows the runner', async () => {
  const page = await browser.open('/runs');
  await page.getByRole('link', { name: 'Hello' }).waitFor();
  expect(await page.getByRole('link', { name: 'System' }).count()).toBe(0);
  await page.goto(`${browser.platform.url}/system`);
  await page.getByRole('alert').waitFor();
  await browser.platform.platform.database.pool.query(
    `UPDATE account SET is_admin = true WHERE name = 'tester'`,
  );
  await page.goto(`${browser.platform.url}/system`);
  const runners = page.getByRole('region', { name: 'Runners' });
  await runners.getByRole('cell', { name: 'bubblewrap' }).waitFor();
  await runners.getByText('Online', { exact: true }).waitFor();
  await page.getByRole('region', { name: 'Disks' }).getByText('Data', { exact: true }).waitFor();
  await page.getByRole('cell', { name: 'wake-scheduler' }).waitFor();
  await browser.screenshots('system');
  expect(await browser.violations()).toEqual([]);
});

test('the browser logged no errors and contacted no other host', () => {
  expect(browser.problems).toEqual([]);
});
