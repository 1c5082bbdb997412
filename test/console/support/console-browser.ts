/** A real Chromium with the console of a real platform, and an account that can sign in. */
import axe, { type AxeResults } from 'axe-core';
import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import type { Config } from '../../../src/configuration/configuration.ts';
import { startTestPlatform, type TestPlatform } from '../../support/test-platform.ts';

export const email = 'tester@example.com';
export const password = 'correct horse battery staple';

/** Screenshots show no error by themselves and take minutes, so they are for people who look at them. */
const screenshotFolder = process.env['CHELA_TEST_SCREENSHOT_DIR'];
const wide = { width: 1280, height: 800 };
const narrow = { width: 390, height: 844 };

const chromiumArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function chromiumBinary(): string {
  return execFileSync('sh', ['-c', 'command -v chromium || command -v chromium-browser'], {
    encoding: 'utf8',
  }).trim();
}

export class ConsoleBrowser {
  readonly platform: TestPlatform;
  readonly context: BrowserContext;
  readonly page: Page;
  /** What no page may do: log browser errors, throw exceptions, contact other hosts. */
  readonly problems: string[] = [];

  constructor(platform: TestPlatform, context: BrowserContext, page: Page) {
    this.platform = platform;
    this.context = context;
    this.page = page;
    this.watch(page);
  }

  /** Records what goes wrong on a page. */
  watch(page: Page): void {
    page.on('console', (message) => {
      // A response other than 2xx is for the test to judge.
      const isAnswer = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !isAnswer) this.problems.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.problems.push(`exception: ${error.message}`));
    page.on('request', (request) => {
      const url = request.url();
      const isLocal = /^(data|blob):/.test(url) || url.startsWith(`${this.platform.url}/`);
      if (!isLocal) this.problems.push(`request to another host: ${url}`);
    });
  }

  /** Gives the test account an e-mail address and password, and the browser a session. */
  async signIn(): Promise<void> {
    const { accounts } = this.platform.platform;
    const { id } = await accounts.ensure('tester');
    if (!(await accounts.hasPassword(id))) {
      await accounts.setupLinks.redeem(await accounts.setupLinks.create(id), { email, password }, '');
    }
    const { token } = await accounts.sessions.begin(email, password, '');
    await this.context.addCookies([
      { name: 'chela_session', value: token, url: this.platform.url, httpOnly: true, sameSite: 'Lax' },
    ]);
  }

  /** Opens a path of the console, such as `/runs`. */
  async open(address: string): Promise<Page> {
    await this.page.goto(`${this.platform.url}${address}`);
    return this.page;
  }

  /** Goes to a path like a link does, without loading the console again. */
  async visit(address: string): Promise<Page> {
    const go = `history.pushState({}, '', ${JSON.stringify(address)}); dispatchEvent(new PopStateEvent('popstate'))`;
    await this.page.evaluate(go);
    return this.page;
  }

  /** The violations of the page in dark colors. Afterwards it has light ones again. */
  async darkViolations(): Promise<string[]> {
    await this.#setColors('dark');
    const found = await this.violations();
    await this.#setColors('light');
    return found;
  }

  async #setColors(scheme: 'dark' | 'light'): Promise<void> {
    await this.page.emulateMedia({ colorScheme: scheme });
    await this.page.locator(`html[data-mantine-color-scheme="${scheme}"]`).waitFor({ state: 'attached' });
  }

  /**
   * Serious accessibility violations on the current page, one line each.
   * @param options.contrast false skips color contrast, which takes most of the time
   * @param options.within a selector of the part to check, for pages whose other parts have been checked already
   */
  async violations(
    page: Page = this.page,
    { contrast = true, within = ':root' }: { readonly contrast?: boolean; readonly within?: string } = {},
  ): Promise<string[]> {
    if (await page.evaluate('window.axe === undefined')) await page.evaluate(axe.source);
    const rules = JSON.stringify({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'],
      resultTypes: ['violations'],
      rules: { 'color-contrast': { enabled: contrast } },
      selectors: false,
    });
    const { violations } = await page.evaluate<AxeResults>(`axe.run(${JSON.stringify(within)}, ${rules})`);
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(
        ({ id, nodes }) =>
          `${id}: ${nodes.map(({ html, any }) => `${html} (${any[0]?.message})`).join(' | ')}`,
      );
  }

  /** Saves screenshots of the page if a folder is set for them: light and dark, wide and narrow. */
  async screenshots(name: string): Promise<void> {
    if (screenshotFolder === undefined) return;
    await mkdir(screenshotFolder, { recursive: true });
    for (const colorScheme of ['light', 'dark'] as const) {
      await this.#useColors(colorScheme);
      for (const [size, viewport] of Object.entries({ wide, narrow })) {
        await this.page.setViewportSize(viewport);
        await this.page.screenshot({
          path: path.join(screenshotFolder, `${name}-${size}-${colorScheme}.png`),
          fullPage: true,
        });
      }
    }
    await this.#useColors('light');
    await this.page.setViewportSize(wide);
  }

  /** Resolves once the page has the color scheme, which it adopts a moment after the system. */
  async #useColors(colorScheme: 'light' | 'dark'): Promise<void> {
    await this.page.emulateMedia({ colorScheme });
    await this.page
      .locator(`html[data-mantine-color-scheme="${colorScheme}"]`)
      .waitFor({ state: 'attached' });
  }

  async close(): Promise<void> {
    await this.context.close();
    await this.platform.close();
  }
}

let browserOfProcess: Promise<Browser> | undefined;

/** The browser of this process, which all its test files share: each has its own context. It ends with the process. */
async function sharedBrowser(): Promise<Browser> {
  browserOfProcess ??= chromium.launch({ executablePath: chromiumBinary(), args: chromiumArguments });
  return browserOfProcess;
}

/** A separate platform, and a signed-out browser with its console. */
export async function openConsole(overrides: Partial<Config> = {}): Promise<ConsoleBrowser> {
  const platform = await startTestPlatform(overrides);
  const browser = await sharedBrowser();
  const context = await browser.newContext({
    viewport: wide,
    locale: 'en-GB',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  });
  // Waits end when something appears; the limit is for what never does, even on a busy machine.
  context.setDefaultTimeout(120_000);
  return new ConsoleBrowser(platform, context, await context.newPage());
}
