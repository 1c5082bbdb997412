/** Runs are selected, labeled, pinned and deleted in the console, and the audit log has it; callback URLs are set. */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { Receiver } from '../callbacks/support/receiver.ts';
import { openConsole, type ConsoleBrowser } from './support/console-browser.ts';

let browser: ConsoleBrowser;
let worker: string;
let runs: string[];
/** A run that ends only when it is aborted. */
let running: string;
beforeAll(async () => {
  browser = await openConsole({ callbackAllowedTargets: ['127.0.0.1'] });
  await browser.signIn();
  worker = await publishScriptedWorker(browser.platform, 'Scripted');
  const script = `await sdk.result.pushData({ kept: true });`;
  runs = [];
  for (let count = 0; count < 3; count += 1) {
    const slug = await browser.platform.runAsync(worker, { script, items: ['one'] });
    await browser.platform.finished(slug);
    runs.push(slug);
  }
  running = await browser.platform.runAsync(worker, {
    script: `console.log('waits'); await new Promise((resolve) => setTimeout(resolve, 1e9));`,
    items: ['one'],
  });
  await browser.platform.logged(running, 'waits');
});
afterAll(async () => browser.close());

async function careOf(slug: string | undefined): Promise<unknown> {
  const { data } = await browser.platform.call<{ pinned: boolean; labels: string[] }>(`/worker-runs/${slug}`);
  return { pinned: data.pinned, labels: data.labels };
}

test('a run is labeled and pinned on its page, and the list is filtered by both', async () => {
  const [slug = ''] = runs;
  const page = await browser.open(`/runs/${slug}`);
  const more = page.getByRole('button', { name: 'More actions' });
  await more.click();
  await page.getByRole('menuitem', { name: 'Edit labels' }).click();
  const field = page.getByRole('dialog').getByRole('combobox', { name: 'Labels' });
  await field.fill('<b>nightly</b>');
  await field.press('Enter');
  await field.fill('夜间 🌙');
  await field.press('Enter');
  await browser.screenshots('run-labels');
  expect(await browser.violations()).toEqual([]);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('link', { name: '<b>nightly</b>' }).waitFor();
  await more.click();
  await page.getByRole('menuitem', { name: 'Pin' }).click();
  await page.getByText('Pinned', { exact: true }).waitFor();
  expect(await careOf(slug)).toEqual({ pinned: true, labels: ['<b>nightly</b>', '夜间 🌙'] });
  await browser.screenshots('run-pinned');
  expect(await browser.violations()).toEqual([]);

  await page.getByRole('link', { name: '夜间 🌙' }).click();
  await page.getByRole('link', { name: 'Scripted' }).waitFor();
  expect(await page.getByRole('row').count()).toBe(2);
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await page.getByRole('row').nth(4).waitFor();
  await page.getByRole('checkbox', { name: 'Pinned only' }).check();
  await page.getByRole('row').nth(2).waitFor({ state: 'detached' });
  expect(new URL(page.url()).search).toBe('?pinned=true');
});

test('several runs are selected, labeled and deleted, and what is not possible is told for each', async () => {
  const page = await browser.open('/runs');
  const remove = page.getByRole('button', { name: 'Delete', exact: true });
  await page.getByText('0 selected').waitFor();
  expect(await remove.isDisabled()).toBe(true);
  const place = await remove.boundingBox();
  await page.getByRole('checkbox', { name: 'Select all on this page' }).check();
  await page.getByText('4 selected').waitFor();
  expect(await remove.boundingBox()).toEqual(place);
  await page.getByRole('button', { name: 'Labels', exact: true }).click();
  const field = page.getByRole('combobox', { name: 'Add' });
  await field.fill('checked');
  await field.press('Enter');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('4 runs changed.').waitFor();
  await page.getByRole('link', { name: 'checked' }).nth(3).waitFor();
  expect(await careOf(running)).toEqual({ pinned: false, labels: ['checked'] });

  for (const slug of [running, runs[1], runs[2]])
    await page.getByRole('checkbox', { name: `Select Scripted ${slug}` }).check();
  await browser.screenshots('runs-selected');
  expect(await browser.violations()).toEqual([]);
  await remove.click();
  await browser.screenshots('runs-delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('heading', { name: 'Not possible for 1 of 3' }).waitFor();
  await page.getByText(`run ${running} is running: abort it before you delete it`).waitFor();
  await browser.screenshots('runs-not-deleted');
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await page.getByRole('row').nth(3).waitFor({ state: 'detached' });

  await page.getByRole('checkbox', { name: `Select Scripted ${running}` }).check();
  await page.getByRole('button', { name: 'Abort', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Abort' }).click();
  await page.getByText('1 run is being aborted.').waitFor();
  await browser.platform.finished(running);
});

test('a run is deleted on its page after a question, which leads back to the list', async () => {
  const [slug = ''] = runs;
  const page = await browser.open(`/runs/${slug}`);
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await browser.screenshots('run-delete');
  expect(await browser.violations()).toEqual([]);
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('The run was deleted.').waitFor();
  await page.getByRole('heading', { name: 'Runs' }).waitFor();
  expect(new URL(page.url()).pathname).toBe('/runs');
  expect((await browser.platform.call(`/worker-runs/${slug}`)).status).toBe(404);
  await page.goto(`${browser.platform.url}/runs/${slug}`);
  await page.getByText(`run ${slug} does not exist`).waitFor();
});

test('a callback URL is set for the account, a task and a run, and the secret is shown once', async () => {
  const receiver = await Receiver.start();
  onTestFinished(async () => receiver.close());
  const page = await browser.open('/account');
  const url = page.getByRole('textbox', { name: 'Callback URL' });
  await url.fill('http://10.0.0.1/');
  await page.getByRole('button', { name: 'Send a test' }).click();
  await page.getByText('10.0.0.1:80 is not a public address').waitFor();
  await url.fill(receiver.url);
  await page.getByRole('button', { name: 'Send a test' }).click();
  await page.getByText(/^Accepted: 200 after \d+ ms$/).waitFor();
  expect(receiver.requests.map(({ body }) => body)).toEqual(['{"test":true}']);
  await browser.screenshots('account-callbacks');
  const panel = page.locator('section').filter({ has: url });
  await panel.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The callback URL was saved.').waitFor();
  await page.getByRole('button', { name: 'Create secret' }).click();
  const secret = await page.getByRole('dialog').locator('code').textContent();
  expect(secret).toMatch(/^chela_cs_/);
  expect(await browser.violations()).toEqual([]);
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
  await page.getByText('A secret is set: callbacks are signed.').waitFor();
  await page.reload();
  await page.getByText('A secret is set: callbacks are signed.').waitFor();
  expect(await page.content()).not.toContain(secret);

  await browser.open(`/workers/tester~scripted`);
  await page.getByRole('button', { name: 'Options' }).click();
  await page.getByText(`If empty: ${receiver.url} (account).`).waitFor();
  await page.getByLabel('Items 1').fill('one');
  await page.getByRole('textbox', { name: 'Callback URL' }).fill(`${receiver.url}task`);
  await browser.screenshots('form-callback');
  expect(await browser.violations()).toEqual([]);
  await page.getByRole('button', { name: 'Save as task' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByRole('tab', { name: 'Callbacks' }).click();
  expect(await page.getByRole('textbox', { name: 'Callback URL' }).inputValue()).toBe(`${receiver.url}task`);
  await browser.screenshots('task-callbacks');
  expect(await browser.violations()).toEqual([]);
  await page.getByRole('textbox', { name: 'Callback URL' }).fill('');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The callback URL was saved.').waitFor();
});

test('the audit log is filtered in the URL, and administrators see that of all accounts', async () => {
  const page = await browser.open('/audit-log?action=run.deleted');
  await page.getByRole('heading', { name: 'Audit log' }).waitFor();
  await page.getByRole('cell', { name: runs[0], exact: true }).waitFor();
  expect(await page.getByRole('row').count()).toBe(4);
  expect(await page.getByRole('columnheader', { name: 'Account' }).count()).toBe(0);
  await page.getByRole('combobox', { name: 'Action' }).click();
  await page.getByRole('option', { name: 'Run aborted' }).click();
  await page.getByRole('cell', { name: running, exact: true }).waitFor();
  expect(new URL(page.url()).search).toBe('?action=run.aborted');
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await page.getByRole('cell', { name: 'API key created' }).waitFor();
  await browser.screenshots('audit-log-own');
  expect(await browser.violations()).toEqual([]);

  await browser.platform.platform.database.pool.query(
    `UPDATE account SET is_admin = true WHERE name = 'tester'`,
  );
  await browser.platform.otherAccount('ada');
  await page.reload();
  await page.getByRole('columnheader', { name: 'Account' }).waitFor();
  await page.getByRole('searchbox', { name: 'Account name' }).fill('ada');
  await page.waitForURL('**/audit-log?account=ada');
  await page.getByRole('row').nth(2).waitFor({ state: 'detached' });
  await page.getByRole('cell', { name: 'ada' }).waitFor();
  await browser.screenshots('audit-log-all');
  expect(await browser.violations()).toEqual([]);
  expect(browser.problems).toEqual([]);
});
