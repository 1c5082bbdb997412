import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageZip, plainSchema, uploadForm } from '../http/packages.ts';
import { openConsole, type ConsoleBrowser } from './support/console-browser.ts';

const before = {
  'main.js': "const unit = 'EUR';\nconsole.log(unit);\n",
  'lib/prices.py': '# Prices\nprices = [1, 2.5]\n',
  'logo.png': '\u0000\u0001',
  'package.json': JSON.stringify({ dependencies: {} }),
};
const after = {
  ...before,
  'main.js': "const unit = 'USD';\nconsole.log(unit);\n",
  'lib/prices.py': undefined,
  'logo.png': '\u0000\u0002',
  'input_schema.json': JSON.stringify({
    properties: plainSchema.properties.map((field) => ({ ...field, title: 'Other' })),
  }),
};

let browser: ConsoleBrowser;
beforeAll(async () => {
  browser = await openConsole();
  await browser.signIn();
  const { platform } = browser;
  await platform.call('/workers', { body: uploadForm(packageZip(before), { title: 'Prices' }) });
  await platform.call('/workers/tester~prices/versions', { body: uploadForm(packageZip(after)) });
});
afterAll(async () => browser.close());

describe('the page of a version', () => {
  test('shows its files with highlighting', async () => {
    const page = await browser.open('/workers/tester~prices?tab=versions&version=v1.0.1');
    await page.getByRole('link', { name: 'Files' }).click();
    const content = page.getByRole('textbox', { name: 'Content of main.js' });
    await content.locator('.tok-keyword', { hasText: 'const' }).waitFor();
    expect(await content.textContent()).toContain("const unit = 'EUR';");
    await page.getByRole('button', { name: 'prices.py' }).click();
    await page.locator('.tok-comment', { hasText: '# Prices' }).waitFor();
    expect(new URL(page.url()).search).toBe('?file=lib%2Fprices.py');
    await browser.screenshots('version-files');
    expect(await browser.violations()).toEqual([]);
    expect(await browser.darkViolations()).toEqual([]);
    await page.keyboard.type('not typed');
    expect(await page.locator('.cm-content').textContent()).not.toContain('not typed');
    await page.getByRole('button', { name: 'logo.png' }).click();
    await page.getByText('This file is not text.').waitFor();
  });

  test('shows what changed since the version before, line by line', async () => {
    const page = await browser.open('/workers/tester~prices/versions/v1.0.2?view=changes&file=main.js');
    const content = page.getByRole('textbox', { name: 'Changes of main.js' });
    await content.locator('.cm-deletedChunk', { hasText: 'EUR' }).waitFor();
    await content.locator('.cm-changedLine', { hasText: 'USD' }).waitFor();
    await page.getByRole('button', { name: 'prices.py Removed' }).waitFor();
    await page.getByRole('heading', { name: 'Input fields' }).waitFor();
    await browser.screenshots('version-changes');
    expect(await browser.violations()).toEqual([]);
    expect(await browser.darkViolations()).toEqual([]);
    await page.getByRole('button', { name: 'logo.png Changed' }).click();
    await page.getByText('its lines cannot be compared').waitFor();
  });
});

test('the browser logged no errors and contacted no other host', () => {
  expect(browser.problems).toEqual([]);
});
