import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishWorker } from '../http/packages.ts';
import { eventually } from '../platform/support/eventually.ts';
import { openConsole, type ConsoleBrowser } from './support/console-browser.ts';

const email = 'tester@example.com';
const password = 'correct horse battery staple';

let browser: ConsoleBrowser;
beforeAll(async () => {
  browser = await openConsole({ signInLimitPerMinute: 1000 });
});
afterAll(async () => browser.close());

async function linkFor(name: string): Promise<string> {
  const { accounts } = browser.platform.platform;
  const { id } = await accounts.ensure(name);
  return `/setup?token=${await accounts.setupLinks.create(id)}`;
}

function passwordField(page: Page, name: string) {
  return page.getByRole('textbox', { name, exact: true });
}

/** As on plain HTTP at a LAN name, where browsers offer no clipboard. */
async function withoutClipboard(page: Page): Promise<void> {
  await page.evaluate(
    `Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })`,
  );
}

describe('a set-up link', () => {
  test('says what it is for, refuses an incomplete address, shows the password, and signs in', async () => {
    const page = await browser.open(await linkFor('tester'));
    await page.getByRole('heading', { name: 'Set up your account' }).waitFor();
    await page.getByText('This link is for the account tester.').waitFor();
    await page.getByLabel('E-mail').fill('me@x');
    await passwordField(page, 'New password').fill(password);
    await page.getByRole('button', { name: 'Show password' }).click();
    expect(await passwordField(page, 'New password').getAttribute('type')).toBe('text');
    const before = await page.getByLabel('E-mail').boundingBox();
    await page.getByRole('button', { name: 'Save and sign in' }).click();
    await page.getByText('email must have a complete domain after the @, such as me@example.com').waitFor();
    // The error moves no field.
    expect(await page.getByLabel('E-mail').boundingBox()).toEqual(before);
    await browser.screenshots('set-up');
    expect(await browser.violations()).toEqual([]);
    await page.getByLabel('E-mail').fill(email);
    await page.getByRole('button', { name: 'Save and sign in' }).click();
    await page.getByRole('button', { name: 'Account', exact: true }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/');
    expect(page.url()).not.toContain('token');
  });

  test('that is missing, wrong or used leads to the sign-in', async () => {
    for (const [address, problem] of [
      ['/setup', 'This address has no set-up link.'],
      ['/setup?token=123', 'this set-up link is invalid or was replaced by a newer one'],
    ] as const) {
      const page = await browser.open(address);
      await page.getByRole('alert').getByText(problem).waitFor();
      await page.getByRole('link', { name: 'Go to the sign-in' }).waitFor();
    }
    await browser.screenshots('set-up-refused');
    expect(await browser.violations()).toEqual([]);
  });
});

test('a forgotten password: without mail the page names the ways to a link', async () => {
  const page = await browser.open('/sign-in');
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await page.getByText('chela set-up-link admin').waitFor();
  await browser.screenshots('forgot-password');
  expect(await browser.violations()).toEqual([]);
});

describe('the Account page', () => {
  test('changes the password, which signs other browsers out', async () => {
    const { sessions } = browser.platform.platform.accounts;
    const { id } = await browser.platform.platform.accounts.ensure('tester');
    const other = await sessions.open({ id, name: 'tester' }, '', {
      address: '192.0.2.7',
      userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1',
    });
    const page = await browser.open('/account');
    await page.getByRole('cell', { name: 'Safari on iPhone', exact: true }).waitFor();
    await page.getByText('This browser', { exact: true }).waitFor();
    await browser.screenshots('account-sessions');
    expect(await browser.violations()).toEqual([]);
    await page.getByRole('button', { name: 'Change password' }).click();
    const dialog = page.getByRole('dialog');
    await passwordField(page, 'Current password').fill('not the password');
    await passwordField(page, 'New password').fill('a better battery staple');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('the current password is wrong').waitFor();
    await browser.screenshots('change-password');
    expect(await browser.violations(page, { within: '[role="dialog"]' })).toEqual([]);
    await passwordField(page, 'Current password').fill(password);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Password changed.').waitFor();
    await page.getByRole('cell', { name: 'Safari on iPhone', exact: true }).waitFor({ state: 'detached' });
    expect(await sessions.find(other.token)).toBeUndefined();
  });

  test('changes the e-mail address, and signs one other browser out', async () => {
    const { sessions } = browser.platform.platform.accounts;
    const { id } = await browser.platform.platform.accounts.ensure('tester');
    await sessions.open({ id, name: 'tester' }, '', { address: '192.0.2.8', userAgent: 'curl/8.0' });
    const page = await browser.open('/account');
    await page.getByRole('button', { name: 'Sign out curl' }).click();
    await page.getByRole('cell', { name: 'curl', exact: true }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Change e-mail' }).click();
    await passwordField(page, 'Current password').fill('a better battery staple');
    await page.getByLabel('New e-mail').fill('moved@example.com');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await page.getByText('You now sign in with moved@example.com.').waitFor();
    expect((await browser.platform.platform.accounts.byName('tester')).email).toBe('moved@example.com');
  });
});

describe('a session that ends', () => {
  test('asks to sign in again over the page, which keeps what was typed', async () => {
    const worker = await publishWorker(browser.platform, 'Draft');
    const page = await browser.open(`/workers/${worker}`);
    await page.getByLabel('Word').fill('half a sentence');
    await browser.platform.platform.database.pool.query('DELETE FROM session');
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Your session has ended' });
    await dialog.waitFor();
    expect(await page.getByRole('alert', { includeHidden: true }).count()).toBe(0);
    await browser.screenshots('session-ended');
    expect(await browser.violations()).toEqual([]);
    expect(await dialog.getByLabel('E-mail').inputValue()).toBe('moved@example.com');
    await dialog.getByRole('textbox', { name: 'Password' }).fill('not the password');
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await dialog.getByText('wrong e-mail address or password').waitFor();
    await dialog.getByRole('textbox', { name: 'Password' }).fill('a better battery staple');
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await page.getByLabel('Word').inputValue()).toBe('half a sentence');
    expect(await page.getByRole('alert').count()).toBe(0);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.waitForURL(/\/runs\//);
  });

  test('is noticed by the form that counts subtasks, which says nothing itself and counts again', async () => {
    const page = await browser.open('/workers/tester~draft');
    await page.getByText('Runs as 1 subtask').waitFor();
    await browser.platform.platform.database.pool.query('DELETE FROM session');
    await page.getByLabel('Word').fill('another half');
    const dialog = page.getByRole('dialog', { name: 'Your session has ended' });
    await dialog.waitFor();
    expect(await page.getByText(/authentication required/).count()).toBe(0);
    await dialog.getByRole('textbox', { name: 'Password' }).fill('a better battery staple');
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('Runs as 1 subtask').waitFor();
    expect(await page.getByLabel('Word').inputValue()).toBe('another half');
  });

  test('is noticed by a page that only reads', async () => {
    const page = await browser.open('/runs');
    await page.getByRole('heading', { name: 'Runs' }).waitFor();
    await browser.platform.platform.database.pool.query('DELETE FROM session');
    await browser.visit('/tasks');
    await page.getByRole('dialog', { name: 'Your session has ended' }).waitFor();
    await page.getByRole('textbox', { name: 'Password' }).fill('a better battery staple');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Tasks' }).waitFor();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(new URL(page.url()).pathname).toBe('/tasks');
  });
});

describe('the Accounts page', () => {
  test('is for administrators', async () => {
    const page = await browser.open('/accounts');
    await page.getByRole('alert').getByText('only administrators may do this').waitFor();
    expect(await page.getByRole('link', { name: 'Accounts', exact: true }).count()).toBe(0);
  });

  test('invites a member, whose link works once', async () => {
    await browser.platform.platform.database.pool.query(
      `UPDATE account SET is_admin = true WHERE name = 'tester'`,
    );
    const page = await browser.open('/accounts');
    await page.getByRole('link', { name: 'Accounts', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Invite member' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('E-mail').fill('Ada.Lovelace@example.com');
    expect(await dialog.getByLabel('Name').inputValue()).toBe('ada-lovelace');
    await browser.screenshots('invite');
    await dialog.getByRole('button', { name: 'Create account' }).click();
    const link = (await dialog.locator('code').textContent()) ?? '';
    await browser.screenshots('invitation');
    expect(await browser.violations(page, { within: '[role="dialog"]' })).toEqual([]);
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await page.getByRole('row', { name: /ada-lovelace.*Invited/ }).waitFor();
    const context = await browser.page.context().browser()?.newContext();
    const invited = await context?.newPage();
    await invited?.goto(link);
    await invited?.getByLabel('New password').fill(password);
    expect(await invited?.getByLabel('E-mail').inputValue()).toBe('Ada.Lovelace@example.com');
    await invited?.getByRole('button', { name: 'Save and sign in' }).click();
    await invited?.getByRole('button', { name: 'Account', exact: true }).waitFor();
    await context?.close();
  });

  test('disables and enables an account, and makes a new link', async () => {
    const page = await browser.open('/accounts');
    await page.getByRole('row', { name: /ada-lovelace.*Active/ }).waitFor();
    await browser.screenshots('accounts');
    expect(await browser.violations()).toEqual([]);
    await page.getByRole('button', { name: 'Disable ada-lovelace?' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
    await page.getByRole('row', { name: /ada-lovelace.*Disabled/ }).waitFor();
    await page.getByRole('button', { name: 'Enable ada-lovelace' }).click();
    await page.getByRole('row', { name: /ada-lovelace.*Active/ }).waitFor();
    await page.getByRole('button', { name: 'New link for ada-lovelace' }).click();
    await page.getByRole('dialog').locator('code').waitFor();
  });
});

describe('a Copy button', () => {
  test('copies by selection where the clipboard is not available', async () => {
    const { page } = browser;
    await withoutClipboard(page);
    const link = (await page.getByRole('dialog').locator('code').textContent()) ?? '';
    await page.getByRole('dialog').getByRole('button', { name: 'Copy', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
    await page.getByRole('button', { name: 'Invite member' }).click();
    const name = page.getByRole('dialog').getByLabel('Name');
    await name.focus();
    await page.keyboard.press('Control+V');
    expect(link.startsWith(await name.inputValue())).toBe(true);
    expect((await name.inputValue()).length).toBeGreaterThan(20);
  });

  test('selects the text and names the keys if that is refused too', async () => {
    const page = await browser.open('/docs/api/getAccount');
    await page.getByRole('button', { name: 'Copy as Markdown' }).waitFor();
    await withoutClipboard(page);
    await page.evaluate(`document.execCommand = () => false`);
    await page.getByRole('button', { name: 'Copy as Markdown' }).click();
    const dialog = page.getByRole('dialog', { name: 'Press Ctrl+C or ⌘C to copy' });
    await dialog.waitFor();
    await browser.screenshots('copy-by-hand');
    const text = await dialog.getByRole('textbox').inputValue();
    await eventually(async () =>
      (await page.evaluate('document.activeElement.selectionEnd')) === text.length ? true : undefined,
    );
    expect(await browser.violations(page, { within: '[role="dialog"]' })).toEqual([]);
  });
});

test('the browser logged no errors and contacted no other host', () => {
  expect(browser.problems).toEqual([]);
});
