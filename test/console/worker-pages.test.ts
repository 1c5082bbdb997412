import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../bundled-workers/support/temporary-folder.ts';
import { eventually } from '../platform/support/eventually.ts';
import type { WorkerNetwork } from '../../src/answers/worker-network.ts';
import { plainSchema } from '../http/packages.ts';
import { openConsole, type ConsoleBrowser } from './support/console-browser.ts';

/** One red pixel. */
const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';

const folder = temporaryFolder();
let browser: ConsoleBrowser;
let slug: string;
beforeAll(async () => {
  browser = await openConsole();
  await browser.signIn();
  await writeFile(path.join(folder, 'main.js'), '');
  await writeFile(path.join(folder, 'input_schema.json'), JSON.stringify(plainSchema));
  await writeFile(path.join(folder, 'network.json'), JSON.stringify({ hosts: ['*.shop.example'] }));
  slug = await browser.platform.publish(folder, 'Price watch');
  await browser.platform.publish(path.join(import.meta.dirname, '../../workers/hello'), 'Hello');
});
afterAll(async () => browser.close());

describe('the settings of a worker', () => {
  test('change how the store shows it', async () => {
    const page = await browser.open('/workers/tester~price-watch?tab=settings');
    await page.getByLabel('Description').fill('Watches prices of shops.');
    await page.getByRole('combobox', { name: 'Category' }).click();
    await page.getByRole('option', { name: 'E-commerce' }).click();
    await page.getByRole('switch', { name: 'Public in the store' }).check();
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'icon.png', mimeType: 'image/png', buffer: Buffer.from(png, 'base64') });
    await page.getByRole('button', { name: 'Remove icon' }).waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Settings saved').waitFor();
    await browser.screenshots('worker-settings');
    expect(await browser.violations()).toEqual([]);
    const { data } = await browser.platform.call(`/workers/${slug}/internal`);
    expect(data).toMatchObject({ description: 'Watches prices of shops.', categories: 4, is_public: true });
  });

  test('limit the hosts that it may connect to', async () => {
    const page = await browser.open('/workers/tester~price-watch?tab=settings');
    await page.getByRole('switch', { name: 'Only listed hosts' }).check();
    await page.getByText('There are no successful runs').waitFor();
    const hosts = page.getByRole('textbox', { name: 'Allowed hosts' });
    await browser.screenshots('worker-hosts');
    await hosts.fill('Example.com\n\nhttps://example.com');
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('is not a host').first().waitFor();
    await hosts.fill('Example.com\n\n');
    await page.getByRole('button', { name: 'Add hosts of the package' }).click();
    expect(await hosts.inputValue()).toBe('Example.com\n*.shop.example');
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('Network access saved').waitFor();
    expect(await browser.violations()).toEqual([]);
    const { data } = await browser.platform.call(`/workers/${slug}/network`);
    expect(data).toMatchObject({ allowed_hosts: ['example.com', '*.shop.example'] });
    await page.getByRole('switch', { name: 'Only listed hosts' }).uncheck();
    await page.getByRole('button', { name: 'Apply' }).click();
    await eventually(async () => {
      const answer = await browser.platform.call<WorkerNetwork>(`/workers/${slug}/network`);
      return answer.data.allowed_hosts === null ? true : undefined;
    });
  });

  test('let the store find it by its category', async () => {
    await browser.platform.call('/workers/tester~hello', { method: 'PUT', body: { is_public: true } });
    const page = await browser.open('/store');
    await page.getByRole('link', { name: 'Hello' }).waitFor();
    await browser.screenshots('store');
    expect(await browser.violations()).toEqual([]);
    await page.getByRole('combobox', { name: 'Category' }).click();
    await page.getByRole('option', { name: 'E-commerce' }).click();
    await page.getByRole('link', { name: 'Hello' }).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Price watch' }).waitFor();
    expect(new URL(page.url()).search).toBe('?category=4');
    await page.getByRole('searchbox', { name: 'Search workers' }).fill('nothing like it');
    await page.getByText('No workers match.').waitFor();
    expect(new URL(page.url()).search).toBe('?keyword=nothing+like+it&category=4');
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.getByRole('link', { name: 'Hello' }).waitFor();
    expect(await page.getByRole('searchbox', { name: 'Search workers' }).inputValue()).toBe('');
  });
});

describe('the page of a worker', () => {
  test('lists its runs by status, and its tasks, which can fill the form', async () => {
    const run = await browser.platform.runSync(slug, { word: 'one' });
    await browser.platform.runSync('tester~hello', { names: ['Ada'] });
    const { data: task } = await browser.platform.call<{ slug: string }>('/worker-tasks', {
      body: {
        worker_id: slug,
        title: 'Every shop',
        input: { parameters: { custom: { word: 'of the task' } } },
      },
    });
    const page = await browser.open('/workers/tester~price-watch?tab=runs');
    await page.getByRole('link', { name: run.run_slug }).waitFor();
    expect(await page.getByRole('row').count()).toBe(2);
    await browser.screenshots('worker-runs');
    expect(await browser.violations()).toEqual([]);
    await page.getByRole('combobox', { name: 'Status' }).click();
    await page.getByRole('option', { name: 'Failed', exact: true }).click();
    await page.getByText('No runs with this status.').waitFor();
    expect(new URL(page.url()).search).toBe('?tab=runs&status=failed');
    await page.getByRole('tab', { name: 'Tasks' }).click();
    await page.getByText('Every shop').waitFor();
    expect(await browser.violations()).toEqual([]);
    await page.getByRole('link', { name: 'Edit and run' }).click();
    await page.getByText(`Filled in from task ${task.slug}.`).waitFor();
    expect(await page.getByRole('textbox', { name: 'Word' }).inputValue()).toBe('of the task');
  });

  test('shows how programs call it, in three languages', async () => {
    const page = await browser.open('/workers/tester~price-watch?tab=api');
    await page.getByText('/runs/last/export?format=csv').waitFor();
    await page.getByText('Python', { exact: true }).click();
    await page.getByText('requests.request(').first().waitFor();
    expect(await browser.violations()).toEqual([]);
    await page.getByRole('link', { name: 'Export them' }).click();
    await page.waitForURL('**/docs/api/exportWorkerLastRunResults');
  });

  test("runs an earlier version with that version's form", async () => {
    const schema = {
      properties: [{ name: 'number', title: 'Number', type: 'integer', editor: 'number', description: '' }],
    };
    await writeFile(path.join(folder, 'input_schema.json'), JSON.stringify(schema));
    const page = await browser.open('/workers/tester~price-watch?tab=versions&version=v1.0.1');
    await page.getByRole('button', { name: 'Upload version' }).click();
    await page.getByRole('dialog').locator('input[webkitdirectory]').setInputFiles(folder);
    await page.getByRole('dialog').getByRole('button', { name: 'Upload version' }).click();
    await page.getByRole('button', { name: /v1\.0\.2/ }).waitFor();
    await page.getByRole('tab', { name: 'Input' }).click();
    await page.getByRole('textbox', { name: 'Number' }).waitFor();
    await page.getByRole('tab', { name: 'Versions' }).click();
    await page.getByRole('button', { name: /v1\.0\.1/ }).click();
    await page.getByRole('link', { name: 'Run this version' }).click();
    await page.getByRole('textbox', { name: 'Word' }).fill('again');
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.waitForURL('**/runs/*');
    const started = await browser.platform.run(page.url().split('/').at(-1) ?? '');
    expect(started).toMatchObject({ version: 'v1.0.1', scraper_title: 'Price watch' });
  });

  test('hides its versions and settings from other accounts', async () => {
    const { platform } = browser;
    const { id } = await platform.platform.accounts.ensure('chela');
    await platform.platform.database.pool.query('UPDATE worker SET account_id = $1 WHERE slug = $2', [
      id,
      slug,
    ]);
    const page = await browser.open('/workers/chela~price-watch?tab=settings');
    await page.getByRole('textbox', { name: 'Number' }).waitFor();
    expect(await page.getByRole('tab').allTextContents()).toEqual([
      'Input',
      'Readme',
      'Runs',
      'Tasks',
      'API',
    ]);
    await platform.platform.database.pool.query(
      `UPDATE worker SET account_id = (SELECT id FROM account WHERE name = 'tester') WHERE slug = $1`,
      [slug],
    );
  });

  test('deletes it after its name has been typed', async () => {
    const page = await browser.open('/workers/tester~price-watch?tab=settings');
    await page.getByRole('button', { name: 'Delete worker' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Type tester~price-watch to confirm').fill('tester~price');
    expect(await dialog.getByRole('button', { name: 'Delete worker' }).isDisabled()).toBe(true);
    await dialog.getByLabel('Type tester~price-watch to confirm').fill('tester~price-watch');
    expect(await browser.violations()).toEqual([]);
    await dialog.getByRole('button', { name: 'Delete worker' }).click();
    await page.getByText('tester~price-watch deleted').waitFor();
    await page.getByRole('link', { name: 'Hello' }).waitFor();
    expect(await page.getByRole('link', { name: 'Price watch' }).count()).toBe(0);
    expect((await browser.platform.call(`/workers/${slug}`)).status).toBe(404);
  });
});

test('the browser logged no errors and contacted no other host', () => {
  expect(browser.problems).toEqual([]);
});
