import { afterAll, beforeAll, expect, test } from 'vitest';
import { email, openConsole, password, type ConsoleBrowser } from './support/console-browser.ts';

let browser: ConsoleBrowser;
beforeAll(async () => {
  browser = await openConsole();
  const { accounts } = browser.platform.platform;
  const { id } = await accounts.ensure('tester');
  await accounts.setupLinks.redeem(await accounts.setupLinks.create(id), { email, password }, '');
});
afterAll(async () => browser.close());

test('a signed-out visitor signs in first, then gets to the requested page', async () => {
  const page = await browser.open('/account');
  await page.getByRole('heading', { name: 'Sign in to Chela' }).waitFor();
  await browser.screenshots('sign-in');
  expect(await browser.violations()).toEqual([]);
  await page.getByLabel('E-mail').fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill('not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('wrong e-mail address or password').waitFor();
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Account', exact: true }).waitFor();
  expect(new URL(page.url()).pathname).toBe('/account');
});

test('a key is created, shown once, works, and is revoked', async () => {
  const page = await browser.open('/account');
  await page.getByRole('button', { name: 'New key' }).click();
  await page.getByLabel('Name').fill('for the test');
  await page.getByRole('button', { name: 'Create key' }).click();
  const shown = page.getByRole('dialog').locator('code');
  const key = (await shown.textContent()) ?? '';
  expect((await browser.platform.call('/users/account', { key })).code).toBe(0);
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
  await page.getByRole('cell', { name: 'for the test', exact: true }).waitFor();
  expect(await page.getByText(key).count()).toBe(0);
  await browser.screenshots('account');
  expect(await browser.violations()).toEqual([]);
  await page.getByRole('button', { name: 'Revoke the key for the test?' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('cell', { name: 'for the test', exact: true }).waitFor({ state: 'detached' });
  expect((await browser.platform.call('/users/account', { key })).code).toBe(12002);
});

test('the console speaks Chinese, and remembers it', async () => {
  const page = await browser.open('/account');
  await page.getByRole('button', { name: 'Language' }).click();
  await page.getByRole('menuitem', { name: '中文' }).click();
  await page.getByRole('heading', { name: '账户' }).waitFor();
  const note = page.getByText('服务器返回的消息和部分指南只有英文版');
  await note.waitFor();
  expect(await browser.violations()).toEqual([]);
  await page.reload();
  await page.getByRole('heading', { name: '账户' }).waitFor();
  await page.getByRole('button', { name: '语言' }).click();
  expect(await page.locator('html').getAttribute('lang')).toBe('zh');
  await page.getByRole('menuitem', { name: 'English' }).click();
  await page.getByRole('heading', { name: 'Account', exact: true }).waitFor();
  // What is only in English is said once.
  await page.getByRole('button', { name: 'Language' }).click();
  await page.getByRole('menuitem', { name: '中文' }).click();
  await page.getByRole('heading', { name: '账户' }).waitFor();
  expect(await note.count()).toBe(0);
  await page.getByRole('button', { name: '语言' }).click();
  await page.getByRole('menuitem', { name: 'English' }).click();
  await page.getByRole('heading', { name: 'Account', exact: true }).waitFor();
});

test('signing out everywhere ends the session of another browser too', async () => {
  const other = await browser.platform.platform.accounts.sessions.begin(email, password, '');
  const page = await browser.open('/account');
  await page.getByRole('button', { name: 'Sign out everywhere' }).click();
  await page.getByRole('heading', { name: 'Sign in to Chela' }).waitFor();
  expect(await browser.platform.platform.accounts.sessions.find(other.token)).toBeUndefined();
});

test('the browser logged no errors and contacted no other host', () => {
  expect(browser.problems).toEqual([]);
});
