import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openConsole, type ConsoleBrowser } from './support/console-browser.ts';

let browser: ConsoleBrowser;
/** As shown and pasted. */
const workerPath = 'tester/hello';
let slug: string;
beforeAll(async () => {
  browser = await openConsole();
  const { platform, context } = browser;
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: platform.url });
  const worker = await platform.publish(path.join(import.meta.dirname, '../../workers/hello'), 'Hello');
  ({ run_slug: slug } = await platform.runSync(worker, { names: ['Ada'] }));
});
afterAll(async () => browser.close());

async function clipboard(): Promise<string> {
  return browser.page.evaluate<string>('navigator.clipboard.readText()');
}

interface DocumentedOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly { readonly in: string; readonly schema: { readonly type?: string } }[];
  readonly requestBody?: { readonly content: object };
  readonly callbacks?: object;
  readonly security?: readonly unknown[];
}

/** What the page of an operation consists of. Its colors depend on the method. */
function partsOfPage(method: string, operation: DocumentedOperation): string {
  const { parameters = [], requestBody, callbacks, security = [] } = operation;
  const fields = parameters.map(({ in: place, schema }) => `${place} ${schema.type ?? 'choice'}`);
  const bodies = Object.keys(requestBody?.content ?? {});
  return JSON.stringify([
    method,
    [...new Set(fields)].toSorted(),
    bodies,
    callbacks !== undefined,
    security.length,
  ]);
}

/** Opens the page of an operation with empty fields. */
async function openOperation(operationId: string) {
  const page = await browser.open(`/docs/api/${operationId}`);
  await page.evaluate('sessionStorage.clear()');
  await page.reload();
  await page.getByRole('heading', { name: 'Try it' }).waitFor();
  return page;
}

describe('the page of getWorkerLastRun for a signed-out visitor', () => {
  test('describes the parameters and the response of the operation', async () => {
    const page = await openOperation('getWorkerLastRun');
    await page.getByRole('heading', { name: 'Get worker last run' }).waitFor();
    await page.getByText('/api/v2/workers/{workerId}/runs/last', { exact: true }).waitFor();
    await page.getByText('Authentication required', { exact: true }).waitFor();
    await page
      .getByText('You may paste owner/name; "Try it" sends it as owner~name for path values')
      .first()
      .waitFor();
    await page.getByText('Applies only to the latest run of this worker').waitFor();
    await page.getByText('No JSON request body. Fill the path or query parameters above.').waitFor();
    const fields = page.getByRole('table', { name: 'Response fields' });
    for (const field of ['data.slug', 'data.status', 'data.err_msg', 'request_id']) {
      await fields.getByText(field, { exact: true }).waitFor();
    }
    const responses = page.getByRole('table', { name: 'HTTP responses' });
    for (const code of ['11004', '12001', '12002', '13000']) await responses.getByText(code).waitFor();
    for (const impossible of ['405', '413', '415', '30001', '70001', '50001']) {
      expect(await responses.getByText(impossible, { exact: true }).count()).toBe(0);
    }
    await page.getByRole('tab', { name: 'Python' }).click();
    await page.getByText('import requests').waitFor();
    await browser.screenshots('reference-get-worker-last-run');
    expect(await browser.violations()).toEqual([]);
  });

  test.for(['Bearer token', 'api-key header', 'Query token'])(
    'sends the request with the authentication mode %s',
    async (mode) => {
      const page = await openOperation('getWorkerLastRun');
      await page.getByRole('combobox', { name: 'Authentication mode' }).click();
      await page.getByRole('option', { name: mode }).click();
      await page.getByRole('textbox', { name: 'Token' }).fill(browser.platform.key);
      await page.getByRole('textbox', { name: 'workerId' }).fill(workerPath);
      const request = page.waitForRequest((candidate) => candidate.url().includes('/runs/last'));
      await page.getByRole('button', { name: 'Send' }).click();
      const response = page.getByRole('region', { name: 'Response', exact: true });
      await response.waitFor();
      expect(JSON.parse((await response.textContent()) ?? '')).toMatchObject({
        code: 0,
        data: { slug, status: 'succeeded', results: 1 },
      });
      const { key, url } = browser.platform;
      const sent = await request;
      const address = `${url}/api/v2/workers/tester~hello/runs/last`;
      expect(sent.url()).toBe(mode === 'Query token' ? `${address}?token=${key}` : address);
      expect((await sent.allHeaders())['authorization']).toBe(
        mode === 'Bearer token' ? `Bearer ${key}` : undefined,
      );
      expect((await sent.allHeaders())['api-key']).toBe(mode === 'api-key header' ? key : undefined);
      const shown = (await page.getByRole('region', { name: 'Request sent' }).textContent()) ?? '';
      expect(shown).toContain('••••••••');
      expect(shown).not.toContain(key);
      await page.getByRole('button', { name: 'Copy with the token' }).click();
      const copied = await clipboard();
      expect(copied).toContain(key);
      expect(copied).toContain('tester~hello');
    },
  );

  test('keeps the token for all pages of this tab, and nowhere else', async () => {
    const page = await openOperation('getWorkerLastRun');
    await page.getByRole('textbox', { name: 'Token' }).fill('secret of this tab');
    await page.getByRole('combobox', { name: 'Authentication mode' }).click();
    await page.getByRole('option', { name: 'api-key header' }).click();
    await page.getByRole('textbox', { name: 'workerId' }).fill(workerPath);
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByRole('region', { name: 'Response', exact: true }).getByText('12002').waitFor();
    await page.getByText('401', { exact: true }).first().waitFor();
    const sentLine = await page.getByRole('region', { name: 'Request sent' }).boundingBox();
    const copy = await page.getByRole('button', { name: 'Copy with the token' }).boundingBox();
    expect(copy?.x).toBeGreaterThanOrEqual((sentLine?.x ?? 0) + (sentLine?.width ?? 0));
    await page.getByRole('button', { name: 'Clear all' }).click();
    expect(await page.getByRole('combobox', { name: 'Authentication mode' }).inputValue()).toBe(
      'Bearer token',
    );
    expect(await page.getByRole('textbox', { name: 'workerId' }).inputValue()).toBe('');
    expect(await page.getByRole('textbox', { name: 'Token' }).inputValue()).toBe('secret of this tab');
    expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain('secret');
    expect(page.url()).not.toContain('secret');
    await page.goto(`${browser.platform.url}/docs/api/getAccount`);
    expect(await page.getByRole('textbox', { name: 'Token' }).inputValue()).toBe('secret of this tab');
    const other = await browser.context.newPage();
    await other.goto(`${browser.platform.url}/docs/api/getAccount`);
    expect(await other.getByRole('textbox', { name: 'Token' }).inputValue()).toBe('');
    await other.close();
  });

  test('says what is missing before it sends anything', async () => {
    const page = await openOperation('getWorkerLastRun');
    const sent: string[] = [];
    page.on('request', (request) => sent.push(request.url()));
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByRole('alert').getByText('Fill in workerId first.').waitFor();
    await page.getByRole('textbox', { name: 'workerId' }).fill(workerPath);
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByRole('alert').getByText('Enter a token first').waitFor();
    expect(sent.filter((url) => url.includes('/api/'))).toEqual([]);
  });
});

describe('the page of runWorker', () => {
  test('shows where the JSON is invalid, and resets the body to its example', async () => {
    const page = await openOperation('runWorker');
    await page.getByRole('textbox', { name: 'workerId' }).fill(workerPath);
    await page.getByRole('textbox', { name: 'Token' }).fill(browser.platform.key);
    const body = page.getByRole('textbox', { name: 'Request body' });
    const example = await body.inputValue();
    expect(JSON.parse(example)).toHaveProperty('input.parameters.custom');
    await body.fill('{"input": ');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByRole('alert').getByText('The body is not valid JSON').waitFor();
    await page.getByRole('button', { name: 'Reset to example' }).click();
    expect(await body.inputValue()).toBe(example);
  });

  test("fills an empty custom with the defaults of the worker's schema, and shows it", async () => {
    const page = await openOperation('runWorker');
    await page.getByRole('textbox', { name: 'workerId' }).fill(workerPath);
    await page.getByRole('textbox', { name: 'Token' }).fill(browser.platform.key);
    const body = page.getByRole('textbox', { name: 'Request body' });
    await body.fill('{"is_async": false, "input": {"parameters": {"custom": {}}}}');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('so the defaults of the worker were sent').waitFor();
    expect(JSON.parse(await body.inputValue())).toHaveProperty('input.parameters.custom.names', [
      'Ada',
      'Grace',
      'Edsger',
    ]);
    await page.getByRole('region', { name: 'Response', exact: true }).getByText('"succeeded"').waitFor();
  });
});

test('a signed-in user creates a key that expires within the hour', async () => {
  await browser.signIn();
  const page = await openOperation('getAccount');
  await page.getByRole('button', { name: 'Create a key for 1 hour' }).click();
  await page.getByRole('button', { name: 'Create a key for 1 hour' }).waitFor({ state: 'detached' });
  const key = await page.getByRole('textbox', { name: 'Token' }).inputValue();
  const { data } = await browser.platform.call<{ list: { name: string; expires_at: number }[] }>(
    '/users/account/api-keys',
    { key },
  );
  const hour = Date.now() / 1000 + 3600;
  expect(data.list[0]).toMatchObject({ name: 'API reference' });
  expect(Math.abs((data.list[0]?.expires_at ?? 0) - hour)).toBeLessThan(60);
});

test(
  'the index finds operations, and every operation has a page without serious accessibility violations',
  { timeout: 180_000 },
  async () => {
    const page = await browser.open('/docs/api');
    await page.getByRole('searchbox', { name: 'Search operations' }).fill('worker last run');
    await page.getByRole('link', { name: 'Get worker last run', exact: true }).waitFor();
    await page.getByRole('searchbox', { name: 'Search operations' }).fill('');
    await browser.screenshots('reference-index');
    expect(await browser.violations()).toEqual([]);
    const document = (await (await fetch(`${browser.platform.url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, DocumentedOperation>>;
    };
    const operations = Object.values(document.paths).flatMap((methods) => Object.entries(methods));
    expect(operations.length).toBeGreaterThan(60);
    const checked = new Set<string>();
    for (const [method, operation] of operations) {
      const { operationId, summary } = operation;
      await browser.visit(`/docs/api/${operationId}`);
      await page.getByRole('heading', { level: 1, name: summary, exact: true }).waitFor();
      const parts = partsOfPage(method, operation);
      if (checked.has(parts)) continue;
      checked.add(parts);
      const violations = await browser.violations(page, { within: 'main' });
      expect({ operationId, violations }).toEqual({ operationId, violations: [] });
    }
  },
);

test('the navigation marks only the page that is open', async () => {
  const page = await browser.open('/docs/api/getWorkerLastRun');
  await page.getByRole('heading', { level: 1, name: 'Get worker last run' }).waitFor();
  expect(await page.locator('nav [aria-current="page"]').allTextContents()).toEqual(['API reference']);
});

test('a page is copied as Markdown', async () => {
  const page = await browser.open('/docs/api/getWorkerLastRun');
  await page.getByRole('button', { name: 'Copy as Markdown' }).click();
  const markdown = await clipboard();
  expect(markdown).toContain('# Get worker last run');
  expect(markdown).toContain('`GET /api/v2/workers/{workerId}/runs/last`');
  expect(markdown).toContain('| `data.slug` |');
  expect(markdown).toContain('| 404 | 11004 | not found |');
});

test('the browser logged no errors and contacted no other host', () => {
  expect(browser.problems).toEqual([]);
});
