import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { zipFolder } from '../../src/workers/archive.ts';
import { temporaryFolder } from '../bundled-workers/support/temporary-folder.ts';
import { startGitServer, type GitServer } from '../git/support/git-server.ts';
import { plainSchema } from '../http/packages.ts';
import { openConsole, type ConsoleBrowser } from './support/console-browser.ts';

const root = temporaryFolder();
const folder = path.join(root, 'price-watch');
let browser: ConsoleBrowser;
let git: GitServer;
beforeAll(async () => {
  git = await startGitServer();
  browser = await openConsole({ gitAllowedTargets: [git.host] });
  await browser.signIn();
  await mkdir(path.join(folder, 'node_modules', 'large'), { recursive: true });
  await mkdir(path.join(folder, 'lib'));
  await writeFile(path.join(folder, 'main.js'), "require('./lib/prices.js');\n");
  await writeFile(path.join(folder, 'lib', 'prices.js'), "console.log('prices');\n");
  await writeFile(path.join(folder, 'node_modules', 'large', 'index.js'), '');
  // Left out, as by `chela push`.
  await writeFile(path.join(folder, '.gitignore'), 'cookies.json\n');
  await writeFile(path.join(folder, 'cookies.json'), '{}');
  await writeFile(path.join(folder, '.env.local'), 'KEY=secret');
});
afterAll(async () => {
  await browser.close();
  await git.close();
});

async function writeSchema(schema: unknown): Promise<void> {
  await writeFile(path.join(folder, 'input_schema.json'), JSON.stringify(schema, undefined, 2));
}

async function chooseFolder(page: Page): Promise<void> {
  await page.getByRole('dialog').locator('input[webkitdirectory]').setInputFiles(folder);
  await page.getByRole('dialog').getByText('price-watch/ · 4 files').waitFor();
}

async function send(page: Page): Promise<void> {
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Upload/ })
    .click();
}

test('an account without workers is told how to get one', async () => {
  const page = await browser.open('/workers');
  await page.getByText('No workers yet').waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Python: HTTP requests' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('worker-python-http.zip');
  await browser.screenshots('workers-empty');
  expect(await browser.violations()).toEqual([]);
});

describe('a folder', () => {
  test('with errors is refused, and the errors are listed by file', async () => {
    await writeSchema({ properties: [{ name: 'a', type: 'magic', required: 'yes' }] });
    const page = await browser.open('/workers');
    await page.getByRole('button', { name: 'Upload worker' }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Templates and SDK' }).click();
    await page.getByRole('dialog').getByRole('link', { name: 'SDK only: Go' }).waitFor();
    await chooseFolder(page);
    expect(await page.getByRole('dialog').getByLabel('Title').inputValue()).toBe('Price watch');
    await send(page);
    const alert = page.getByRole('dialog').getByRole('alert');
    await alert.getByText('Cannot run: the package has 2 errors').waitFor();
    await alert.getByText('input_schema.json', { exact: true }).waitFor();
    await alert.getByText(/magic/).waitFor();
    await browser.screenshots('upload-refused');
    expect(await browser.violations()).toEqual([]);
  });

  test('is published once fixed, and its page shows its warnings and its installation', async () => {
    await writeSchema({ properties: [{ name: 'a', type: 'string', editor: 'input', title: 'A' }] });
    const { page } = browser;
    await chooseFolder(page);
    await send(page);
    await page.getByRole('heading', { name: 'Price watch' }).waitFor();
    expect(new URL(page.url()).search).toBe('?tab=versions&version=v1.0.1');
    await page.getByText('Uploaded with warnings:').waitFor();
    await page.getByText('This version has no dependencies.').waitFor();
    expect(await page.getByRole('tabpanel').textContent()).toContain('README.md');
    await browser.screenshots('worker-versions');
    expect(await browser.violations()).toEqual([]);
  });

  test('with dependencies that cannot be installed says why in the installation log', async () => {
    await writeFile(
      path.join(folder, 'package.json'),
      JSON.stringify({ name: 'price-watch', dependencies: { 'is-odd': 'no version!!' } }),
    );
    const { page } = browser;
    await page.getByRole('button', { name: 'Upload version' }).click();
    await page.getByRole('dialog').locator('input[webkitdirectory]').setInputFiles(folder);
    await page.getByRole('dialog').getByText('price-watch/ · 5 files').waitFor();
    await send(page);
    await page.getByText('The dependencies could not be installed').waitFor();
    const log = page.getByRole('region', { name: 'Installation log' });
    await log
      .getByText(/no version!!/)
      .first()
      .waitFor();
    expect(new URL(page.url()).search).toBe('?tab=versions&version=v1.0.2');
    await browser.screenshots('worker-install-failed');
    expect(await browser.violations()).toEqual([]);
    await page.getByRole('button', { name: 'Retry' }).waitFor();
  });

  test('that could not be installed is not current, and the form says so', async () => {
    const { page } = browser;
    await page.getByRole('button', { name: /^v1\.0\.1\s*Current/ }).waitFor();
    await page.getByRole('button', { name: /^v1\.0\.2\s*Current once installed/ }).waitFor();
    await page.getByRole('tab', { name: 'Input' }).click();
    const notice = page.getByRole('alert', { name: 'v1.0.2 could not be installed. Runs use v1.0.1.' });
    await notice.waitFor();
    await browser.screenshots('worker-version-notice');
    expect(await browser.violations()).toEqual([]);
    await notice.getByRole('link', { name: 'Show the version' }).click();
    await page.getByText('The dependencies could not be installed').waitFor();
  });

  test('is rolled back with one button', async () => {
    await rm(path.join(folder, 'package.json'));
    await writeFile(path.join(folder, 'lib', 'prices.js'), "console.log('better prices');\n");
    const { page } = browser;
    await page.getByRole('button', { name: 'Upload version' }).click();
    await chooseFolder(page);
    await send(page);
    await page.getByRole('button', { name: /^v1\.0\.3\s*Current/ }).waitFor();
    await page.getByRole('button', { name: /^v1\.0\.1/ }).click();
    await page.getByRole('button', { name: 'Make current' }).click();
    await page.getByText('Runs without a version now use v1.0.1.').waitFor();
    await page.getByRole('button', { name: /^v1\.0\.1\s*Current/ }).waitFor();
    await browser.screenshots('worker-rolled-back');
    expect(await browser.violations()).toEqual([]);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download package' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('price-watch-v1.0.1.zip');
  });
});

describe('a zip', () => {
  test('is refused if it is broken', async () => {
    const page = await browser.open('/workers');
    await page.getByRole('button', { name: 'Upload worker' }).click();
    const dialog = page.getByRole('dialog');
    await dialog
      .locator('input[accept]')
      .setInputFiles({ name: 'broken.zip', mimeType: 'application/zip', buffer: Buffer.from('no zip') });
    await send(page);
    expect(await dialog.getByRole('alert').textContent()).toMatch(/zip/i);
  });

  test('is published when dropped anywhere on the page', async () => {
    const zip = await buffer(await zipFolder(path.join(import.meta.dirname, '../../workers/hello')));
    const page = await browser.open('/workers');
    await page.getByRole('link', { name: 'Price watch' }).waitFor();
    await browser.screenshots('workers');
    const dropped = await page.evaluateHandle(`(() => {
      const bytes = Uint8Array.from(atob('${zip.toString('base64')}'), (character) => character.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], 'greeter.zip', { type: 'application/zip' }));
      return data;
    })()`);
    await page.locator('body').dispatchEvent('dragover', { dataTransfer: dropped });
    await page.getByText('Drop to upload').waitFor();
    await page.locator('body').dispatchEvent('drop', { dataTransfer: dropped });
    await page.getByRole('dialog').getByText('greeter.zip').waitFor();
    await send(page);
    await page.getByRole('heading', { name: 'Greeter' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/workers/tester~greeter');
  });
});

test('a repository becomes a worker, and is pulled after it has changed', async () => {
  const files = { 'main.js': '', 'input_schema.json': JSON.stringify(plainSchema), 'README.md': '# One\n' };
  await git.commit('shop.git', files, { message: 'The first commit' });
  const page = await browser.open('/workers');
  await page.getByRole('button', { name: 'Upload worker' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('tab', { name: 'Git' }).click();
  await dialog.getByRole('textbox', { name: 'Repository' }).fill(git.url('missing.git'));
  await dialog.getByRole('button', { name: 'Import' }).click();
  await dialog.getByRole('alert').waitFor();
  await browser.screenshots('upload-git');
  expect(await browser.violations()).toEqual([]);
  await dialog.getByRole('textbox', { name: 'Repository' }).fill(git.url('shop.git'));
  await dialog.getByLabel('Title').fill('Shop');
  await dialog.getByRole('button', { name: 'Import' }).click();
  await page.getByRole('heading', { name: 'Shop' }).waitFor();
  await page.getByText('The first commit').waitFor();
  await page.getByRole('button', { name: 'Pull from git' }).click();
  await page.getByText('The repository has not changed').waitFor();
  await git.commit('shop.git', { ...files, 'README.md': '# Two\n' }, { message: 'The second' });
  await page.getByRole('button', { name: 'Pull from git' }).click();
  await page.getByText('v1.0.2 imported').waitFor();
});

test('the browser logged no errors and contacted no other host', () => {
  expect(browser.problems).toEqual([]);
});
