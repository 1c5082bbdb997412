import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../platform/support/eventually.ts';
import { openConsole, type ConsoleBrowser } from './support/console-browser.ts';

let browser: ConsoleBrowser;
beforeAll(async () => {
  browser = await openConsole();
  await browser.context.grantPermissions(['clipboard-read', 'clipboard-write'], {
    origin: browser.platform.url,
  });
});
afterAll(async () => browser.close());

test('the index links to the guides, and guides link to each other, without signing in', async () => {
  const page = await browser.open('/docs');
  await page.getByRole('heading', { level: 1, name: 'Documentation' }).waitFor();
  await browser.screenshots('guides-index');
  expect(await browser.violations()).toEqual([]);
  await page.getByRole('link', { name: 'Quick start' }).click();
  await page.getByRole('heading', { level: 1, name: 'Quick start' }).waitFor();
  await browser.screenshots('guide-quick-start');
  expect(await browser.violations()).toEqual([]);
  const loads: string[] = [];
  page.on('framenavigated', (frame) => loads.push(frame.url()));
  await page.getByRole('link', { name: 'errors', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Errors' }).waitFor();
  expect(new URL(page.url()).pathname).toBe('/docs/errors');
});

test('every guide has a page without serious accessibility violations', { timeout: 120_000 }, async () => {
  const { list } = (await (await fetch(`${browser.platform.url}/docs/guides.json`)).json()) as {
    list: { name: string; title: string }[];
  };
  await browser.open('/docs');
  for (const { name, title } of list) {
    const page = await browser.visit(`/docs/${name}`);
    await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor();
    const violations = await browser.violations(page, { within: name === list[0]?.name ? ':root' : 'main' });
    expect({ name, violations }).toEqual({ name, violations: [] });
  }
});

test('a guide has contents, the address of this installation, and copies its blocks of code', async () => {
  const page = await browser.open('/docs/quick-start');
  const contents = page.getByRole('navigation', { name: 'On this page' });
  await contents.getByRole('link', { name: 'Through the API' }).click();
  await page.waitForURL('**/docs/quick-start#through-the-api');
  const article = page.getByRole('article');
  expect(await article.textContent()).toContain(`${browser.platform.url}/api/v2/workers/chela~hello`);
  await article.getByRole('button', { name: 'Copy', exact: true }).first().click();
  const [first] = await article.locator('pre').allTextContents();
  expect(await page.evaluate<string>('navigator.clipboard.readText()')).toBe(first?.trimEnd());
  // No button covers the code.
  const code = await article.locator('pre').first().boundingBox();
  const button = await article
    .getByRole('button', { name: 'Copied' })
    .or(article.getByRole('button', { name: 'Copy', exact: true }))
    .first()
    .boundingBox();
  expect(button?.x).toBeGreaterThanOrEqual((code?.x ?? 0) + (code?.width ?? 0));
});

test('the documentation is searched for sections of guides and for operations', async () => {
  const page = await browser.open('/docs');
  await page.getByRole('searchbox', { name: 'Search guides and operations' }).fill('callback signature');
  const guides = page.getByRole('region', { name: 'Guides', exact: true });
  await guides.getByRole('link', { name: 'Callbacks › Signature' }).waitFor();
  await page.waitForURL(/keyword=callback(%20|\+)signature/);
  await browser.screenshots('guides-search');
  expect(await browser.violations()).toEqual([]);
  await page.getByRole('searchbox', { name: 'Search guides and operations' }).fill('worker last run');
  const operations = page.getByRole('region', { name: 'Operations', exact: true });
  await operations.getByRole('link', { name: 'Get worker last run', exact: true }).waitFor();
  await page.getByRole('searchbox', { name: 'Search guides and operations' }).fill('callback signature');
  await guides.getByRole('link', { name: 'Callbacks › Signature' }).click();
  await page.waitForURL('**/docs/callbacks#signature');
  await page.getByRole('heading', { level: 2, name: 'Signature' }).waitFor();
});

test('a guide is copied as its original Markdown', async () => {
  const page = await browser.open('/docs/errors');
  await page.getByRole('button', { name: 'Copy as Markdown' }).click();
  const copied = await page.evaluate<string>('navigator.clipboard.readText()');
  expect(copied).toBe(await (await fetch(`${browser.platform.url}/docs/errors.md`)).text());
});

test('a URL with a fragment scrolls to that heading', async () => {
  const page = await browser.open('/docs/callbacks#signature');
  const heading = page.getByRole('heading', { level: 2, name: 'Signature' });
  await heading.waitFor();
  // The console's policy forbids the browser to evaluate what a waiting function says.
  await eventually(async () => ((await page.evaluate<number>('scrollY')) > 0 ? true : undefined));
  const box = await heading.boundingBox();
  expect(box?.y).toBeGreaterThanOrEqual(0);
  expect(box?.y).toBeLessThan(200);
});

test('a guide that does not exist is not found', async () => {
  const page = await browser.open('/docs/nothing');
  const heading = page.getByRole('heading', { name: 'Page not found' });
  await heading.waitFor();
  expect(await heading.isVisible()).toBe(true);
});

test('guides are in the language of the console', async () => {
  const page = await browser.open('/docs/quick-start');
  await page.evaluate('localStorage.setItem("chela.language", JSON.stringify("zh"))');
  await page.reload();
  await page.getByRole('heading', { level: 1, name: '快速开始' }).waitFor();
  expect(await page.getByRole('article').textContent()).toContain('启动 Chela');
  await page.goto(`${browser.platform.url}/docs/benchmarks`);
  await page.getByRole('note').getByText('本页目前只有英文版').waitFor();
  await page.goto(`${browser.platform.url}/docs`);
  await page.getByText('（英文）').first().waitFor();
  await page.evaluate('localStorage.clear()');
});

test('the browser logged no errors and contacted no other host', () => {
  expect(browser.problems).toEqual([]);
});
