import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VersionFile, VersionFileList } from '../../src/answers/version-files.ts';
import { packageZip, plainSchema, uploadForm } from '../http/packages.ts';
import { eventually } from '../platform/support/eventually.ts';
import { openConsole, type ConsoleBrowser } from './support/console-browser.ts';

let browser: ConsoleBrowser;
beforeAll(async () => {
  browser = await openConsole();
  await browser.signIn();
});
afterAll(async () => browser.close());

/** Replaces the whole text of the open file. */
async function type(page: Page, file: string, text: string): Promise<void> {
  const content = page.getByRole('textbox', { name: `Content of ${file}` });
  await content.waitFor();
  await content.click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(text);
}

async function openFile(page: Page, name: string): Promise<void> {
  await page
    .getByRole('navigation', { name: 'Files' })
    .getByRole('button', { name: new RegExp(`^${name}`) })
    .click();
}

async function versionText(worker: string, file: string, version = 'latest'): Promise<string> {
  const path = `/workers/${worker}/versions/${version}/files/text?path=${encodeURIComponent(file)}`;
  return (await browser.platform.call<VersionFile>(path)).data.content;
}

async function addFile(page: Page, path: string): Promise<void> {
  await page.getByRole('button', { name: 'New file' }).click();
  const dialog = page.getByRole('dialog', { name: 'New file' });
  await dialog.getByRole('textbox', { name: 'Path' }).fill(path);
  await dialog.getByRole('button', { name: 'New file' }).click();
}

describe('a new worker', () => {
  test('starts from a template in the chosen language', async () => {
    const page = await browser.open('/workers');
    await page.getByRole('button', { name: 'New worker' }).first().click();
    const dialog = page.getByRole('dialog', { name: 'New worker' });
    await dialog.getByRole('textbox', { name: 'Title' }).fill('Greeter');
    await dialog.getByText('Python', { exact: true }).click();
    await browser.screenshots('new-worker');
    expect(await browser.violations()).toEqual([]);
    await dialog.getByText('Node', { exact: true }).click();
    await dialog.getByRole('button', { name: 'Open the editor' }).click();
    await page.getByRole('textbox', { name: 'Content of main.js' }).waitFor();
    await page.locator('.tok-keyword', { hasText: 'const' }).first().waitFor();
    await page.getByRole('textbox', { name: 'Names' }).or(page.getByText('Names').first()).first().waitFor();
    await browser.screenshots('editor-new');
    expect(await browser.violations()).toEqual([]);
    expect(await browser.darkViolations()).toEqual([]);
  });

  test('has a form that follows its input schema', async () => {
    const { page } = browser;
    await openFile(page, 'input_schema.json');
    await type(page, 'input_schema.json', '{"properties": [');
    await page.getByText('input_schema.json is not valid JSON').waitFor();
    await browser.screenshots('editor-broken-schema');
    await type(page, 'input_schema.json', JSON.stringify(plainSchema));
    await page.getByRole('textbox', { name: 'Word' }).fill('kept');
    const [word] = plainSchema.properties;
    const count = { ...word, name: 'count', title: 'Count', type: 'integer', editor: 'number', default: 3 };
    await type(page, 'input_schema.json', JSON.stringify({ properties: [word, count] }));
    await page.getByRole('textbox', { name: 'Count' }).waitFor();
    expect(await page.getByRole('textbox', { name: 'Count' }).inputValue()).toBe('3');
    expect(await page.getByRole('textbox', { name: 'Word' }).inputValue()).toBe('kept');
  });

  test('is refused with its errors at their files', async () => {
    const { page } = browser;
    await openFile(page, 'sdk.js');
    await page.getByRole('button', { name: 'Delete file' }).click();
    await page.getByRole('button', { name: 'Save and run' }).click();
    const alert = page.getByRole('alert').filter({ hasText: 'Cannot run' });
    await alert.getByText('sdk.js', { exact: true }).waitFor();
    await browser.screenshots('editor-refused');
    expect(await browser.violations()).toEqual([]);
  });

  test('keeps its changes over a reload, and asks before it is left', async () => {
    const { page } = browser;
    await openFile(page, 'main.js');
    await type(page, 'main.js', "console.log('written in the browser');\n");
    await page.reload();
    await page.getByText('Your unsaved changes were restored.').waitFor();
    await page
      .getByRole('textbox', { name: 'Content of main.js' })
      .getByText('written in the browser')
      .waitFor();
    await page.getByRole('link', { name: 'Store' }).click();
    const dialog = page.getByRole('dialog', { name: 'Leave without saving?' });
    await dialog.waitFor();
    await browser.screenshots('editor-leave');
    expect(await browser.violations()).toEqual([]);
    await dialog.getByRole('button', { name: 'Stay' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(new URL(page.url()).pathname).toBe('/workers/new');
  });

  test('is saved and run with the input in the form', async () => {
    const { page } = browser;
    await openFile(page, 'package.json');
    await page.getByRole('button', { name: 'Delete file' }).click();
    await page.getByRole('textbox', { name: 'Word' }).fill('now');
    await page.reload();
    await page.getByText('Your unsaved changes were restored.').waitFor();
    expect(await page.getByRole('textbox', { name: 'Word' }).inputValue()).toBe('now');
    await page.getByRole('button', { name: 'Save and run' }).click();
    await page.waitForURL('**/runs/*');
    const slug = page.url().split('/').at(-1) ?? '';
    expect(await browser.platform.finished(slug)).toMatchObject({ status: 'succeeded', version: 'v1.0.1' });
    expect(await browser.platform.run(slug)).toMatchObject({ scraper_title: 'Greeter' });
    const stored = await browser.platform.call<{ input: unknown }>(`/worker-runs/${slug}/input`);
    expect(stored.data.input).toMatchObject({ parameters: { custom: { word: 'now', count: 3 } } });
    expect(await versionText('tester~greeter', 'main.js')).toContain('written in the browser');
  });
});

describe('an existing worker', () => {
  test('is edited with its other files kept', async () => {
    const picture = '\u0000\u0001';
    const zip = packageZip({ 'logo.png': picture, 'lib/one.js': '1;\n', 'windows.js': 'a;\r\nb;\r\n' });
    await browser.platform.call('/workers', { body: uploadForm(zip, { title: 'Shop' }) });
    const page = await browser.open('/workers/tester~shop');
    await page.getByRole('link', { name: 'Edit in browser' }).click();
    await type(page, 'main.js', "console.log('two');\n");
    await openFile(page, 'logo.png');
    await page.getByText('New versions keep it as it is.').waitFor();
    await page.getByRole('button', { name: 'Rename' }).click();
    const naming = page.getByRole('dialog', { name: 'Rename logo.png' });
    await naming.getByRole('textbox', { name: 'Path' }).fill('assets/logo.png');
    await naming.getByRole('button', { name: 'Rename' }).click();
    await page.getByText('New versions keep it as it is.').waitFor();
    await openFile(page, 'one.js');
    await page.getByRole('textbox', { name: 'Content of lib/one.js' }).waitFor();
    await page.getByRole('button', { name: 'Rename' }).click();
    const dialog = page.getByRole('dialog', { name: 'Rename lib/one.js' });
    await dialog.getByRole('textbox', { name: 'Path' }).fill('MAIN.js');
    await dialog.getByRole('button', { name: 'Rename' }).click();
    await dialog.getByText('There is a file or folder with this name.').waitFor();
    await dialog.getByRole('textbox', { name: 'Path' }).fill('lib/two.js');
    await dialog.getByRole('button', { name: 'Rename' }).click();
    await openFile(page, 'windows.js');
    const windows = page.getByRole('textbox', { name: 'Content of windows.js' });
    await windows.getByText('b;').waitFor();
    expect(await page.getByRole('button', { name: 'windows.js Edited' }).count()).toBe(0);
    await windows.click();
    await page.keyboard.press('Control+End');
    await page.keyboard.insertText('c;');
    await page.getByRole('button', { name: 'windows.js Edited' }).waitFor();
    await addFile(page, 'lib/three.js');
    await type(page, 'lib/three.js', '3;');
    await page.keyboard.press('Control+s');
    await page.getByText('v1.0.2 saved').waitFor();
    await page.getByRole('link', { name: 'Based on v1.0.2' }).waitFor();
    expect(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled()).toBe(true);
    const { data } = await browser.platform.call<VersionFileList>(
      '/workers/tester~shop/versions/v1.0.2/files',
    );
    expect(data.list.map(({ path }) => path)).toEqual([
      'README.md',
      'assets/logo.png',
      'input_schema.json',
      'lib/three.js',
      'lib/two.js',
      'main.js',
      'windows.js',
    ]);
    expect(await versionText('tester~shop', 'windows.js')).toBe('a;\r\nb;\r\nc;');
    expect(await versionText('tester~shop', 'lib/two.js')).toBe('1;\n');
    expect(await versionText('tester~shop', 'main.js')).toBe("console.log('two');\n");
  });

  test('that somebody else saved meanwhile is edited on from the newest version', async () => {
    const { page } = browser;
    await openFile(page, 'main.js');
    await type(page, 'main.js', "console.log('mine');\n");
    const theirs = { base_version: 'v1.0.2', files: [{ path: 'theirs.js', content: '' }] };
    await browser.platform.call('/workers/tester~shop/versions/files', { body: theirs });
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    const alert = page.getByRole('alert', { name: 'A newer version was published meanwhile' });
    await alert.waitFor();
    await browser.screenshots('editor-outdated');
    expect(await browser.violations()).toEqual([]);
    await alert.getByRole('button', { name: 'Continue with the newest version' }).click();
    await page
      .getByRole('navigation', { name: 'Files' })
      .getByRole('button', { name: 'theirs.js' })
      .waitFor();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('v1.0.4 saved').waitFor();
    expect(await versionText('tester~shop', 'main.js', 'v1.0.4')).toBe("console.log('mine');\n");
    expect(await versionText('tester~shop', 'theirs.js', 'v1.0.4')).toBe('');
  });

  test('loses its changes when they are discarded', async () => {
    const { page } = browser;
    await openFile(page, 'main.js');
    await type(page, 'main.js', 'never saved');
    await page.getByRole('link', { name: 'Store' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Discard changes' }).click();
    await page.waitForURL('**/store');
    await eventually(async () =>
      (await page.evaluate(`Object.keys(sessionStorage).some((key) => key.startsWith('chela.edit.'))`))
        ? undefined
        : true,
    );
    await page.goBack();
    const content = page.getByRole('textbox', { name: 'Content of main.js' });
    await content.getByText('mine').waitFor();
    expect(await content.textContent()).not.toContain('never saved');
  });
});

test('the browser logged no errors and contacted no other host', () => {
  expect(browser.problems).toEqual([]);
});
