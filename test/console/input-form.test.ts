import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../bundled-workers/support/temporary-folder.ts';
import { openConsole, type ConsoleBrowser } from './support/console-browser.ts';

const options = [
  { label: 'One', value: 'one' },
  { label: 'Two', value: 'two' },
];
const properties = [
  { name: 'input', type: 'string', editor: 'input', default: 'from the default', required: true },
  { name: 'textarea', type: 'string', editor: 'textarea' },
  { name: 'number', type: 'integer', editor: 'number', minimum: 1, maximum: 10, default: 3 },
  { name: 'big', type: 'integer', editor: 'number' },
  { name: 'select', type: 'string', editor: 'select', options, default: 'one' },
  { name: 'several', type: 'array', editor: 'select', multiple: true, options },
  { name: 'radio', type: 'string', editor: 'radio', options },
  { name: 'checkbox', type: 'array', editor: 'checkbox', options },
  { name: 'switch', type: 'boolean', editor: 'switch', default: true },
  { name: 'datepicker', type: 'string', editor: 'datepicker', format: 'DD.MM.YYYY' },
  { name: 'request_list', type: 'array', editor: 'requestList', default: [{ url: 'https://a.example/' }] },
  {
    name: 'sources',
    type: 'array',
    editor: 'requestListSource',
    param_list: [
      { param: 'url', title: 'Address', required: true, description: 'Where.' },
      { param: 'depth', title: 'Depth', required: false, description: 'How deep.' },
    ],
  },
  { name: 'string_list', type: 'array', editor: 'stringList', default: ['a', 'b'], required: true },
  {
    name: 'json',
    type: 'object',
    editor: 'json',
    default: { key: [1, 2] },
    sectionCaption: 'The last section',
    sectionDescription: 'It can be closed.',
  },
].map((property) => ({
  title: `The ${property.name}`,
  description: 'A field.',
  required: false,
  ...property,
}));

const folder = temporaryFolder();
let browser: ConsoleBrowser;
let workerId: string;
beforeAll(async () => {
  browser = await openConsole();
  await browser.signIn();
  await browser.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await writeFile(path.join(folder, 'main.js'), '');
  await writeFile(
    path.join(folder, 'input_schema.json'),
    JSON.stringify({ properties, concurrency: { fields: ['request_list'] } }),
  );
  workerId = await browser.platform.publish(folder, 'Editors');
});
afterAll(async () => browser.close());

async function storedText(): Promise<string> {
  const { rows } = await browser.platform.platform.database.pool.query<{ input: string }>(
    'SELECT input FROM run ORDER BY id DESC LIMIT 1',
  );
  return rows[0]?.input ?? '{}';
}

interface StoredInput {
  parameters: { custom: Record<string, unknown>; system: unknown };
}

async function storedInput(): Promise<StoredInput['parameters']> {
  return (JSON.parse(await storedText()) as StoredInput).parameters;
}

/** The form prefilled from the worker. @param query `?from=…` */
async function openForm(query = ''): Promise<Page> {
  const page = await browser.open(`/workers/${workerId}${query}`);
  await page.getByRole('button', { name: 'Start', exact: true }).waitFor();
  const reset = page.getByRole('button', { name: 'Start over' });
  if (await reset.isVisible()) await reset.click();
  return page;
}

/** Label of the focused field. */
async function focusedField(page: Page): Promise<string> {
  return page.evaluate("document.activeElement?.labels?.[0]?.textContent ?? ''");
}

/** Pastes text the way spreadsheet cells are pasted. */
async function paste(page: Page, label: string, text: string): Promise<void> {
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`);
  await page.getByLabel(label, { exact: true }).press('ControlOrMeta+v');
}

async function start(): Promise<void> {
  await browser.page.getByRole('button', { name: 'Start', exact: true }).click();
  await browser.page.waitForURL('**/runs/*');
}

const defaults = {
  input: 'from the default',
  number: 3,
  select: 'one',
  several: [],
  checkbox: [],
  switch: true,
  request_list: [{ url: 'https://a.example/' }],
  sources: [],
  string_list: ['a', 'b'],
  json: { key: [1, 2] },
};

test('an untouched form submits the defaults', async () => {
  const page = await openForm();
  await page.getByText('Runs as 1 subtask').waitFor();
  await browser.screenshots('input-form-editors');
  expect(await browser.violations()).toEqual([]);
  await start();
  expect(await storedInput()).toEqual({ custom: defaults, system: {} });
});

test('every editor writes a value of the right type', async () => {
  const page = await openForm();
  await page.getByLabel('The input').fill('Ä <b> "quoted"');
  await page.getByLabel('The textarea').fill('two\nlines');
  await page.getByLabel('The number').fill('7');
  await page.getByLabel('The big').fill('12345678901234567890');
  await page.getByRole('combobox', { name: 'The select' }).click();
  await page.getByRole('option', { name: 'Two' }).click();
  await page.getByLabel('The several').first().click();
  await page.getByRole('option', { name: 'One' }).click();
  await page.getByRole('option', { name: 'Two' }).click();
  await page.keyboard.press('Escape');
  await page.getByRole('radio', { name: 'Two' }).check();
  await page.getByRole('checkbox', { name: 'One' }).check();
  await page.getByRole('switch', { name: 'The switch' }).uncheck();
  await page.getByLabel('The datepicker').fill('28.02.2026');
  await page.keyboard.press('Escape');
  await page.getByLabel('The request_list 1').fill('https://b.example/');
  await page.getByLabel('The request_list 1').press('Enter');
  await page.keyboard.type('https://c.example/?q=1&r=2');
  await page.getByLabel('The sources: Address 1').fill('https://d.example/');
  await page.getByLabel('The sources: Depth 1').fill('2');
  await page.getByRole('button', { name: 'Add: The sources' }).click();
  await page.keyboard.type('https://e.example/');
  await page.getByLabel('The string_list 1').fill('x');
  await page.getByLabel('The string_list 2').fill('y');
  await page.getByLabel('The json').fill('{"big": 1, "list": [null, true]}');
  await page.getByRole('button', { name: 'Run options' }).click();
  await page.getByLabel('Memory (MB)').fill('1024');
  await page.getByLabel('Time limit', { exact: true }).fill('2');
  await page.getByRole('combobox', { name: 'Time limit unit' }).click();
  await page.getByRole('option', { name: 'minutes' }).click();
  await page.getByLabel('Traffic limit', { exact: true }).fill('1.5');
  await page.getByLabel('Cost limit', { exact: true }).fill('0.25');
  await page.getByText('Runs as 2 subtasks').waitFor();
  await browser.screenshots('input-form-filled');
  await page.keyboard.press('Control+Enter');
  await page.waitForURL('**/runs/*');
  expect(await storedText()).toContain('"big":12345678901234567890');
  expect(await storedInput()).toEqual({
    custom: {
      input: 'Ä <b> "quoted"',
      textarea: 'two\nlines',
      number: 7,
      big: expect.any(Number),
      select: 'two',
      several: ['one', 'two'],
      radio: 'two',
      checkbox: ['one'],
      switch: false,
      datepicker: '28.02.2026',
      request_list: [{ url: 'https://b.example/' }, { url: 'https://c.example/?q=1&r=2' }],
      sources: [
        { url: 'https://d.example/', depth: '2' },
        { url: 'https://e.example/', depth: '' },
      ],
      string_list: ['x', 'y'],
      json: { big: 1, list: [null, true] },
    },
    system: {
      memory: 1024,
      execute_limit_time_seconds: 120,
      max_total_traffic: 1_500_000,
      max_total_charge: 0.25,
    },
  });
});

test('every required field is marked, whatever its editor, and no other', async () => {
  const page = await openForm();
  const marked = page.locator('label, .mantine-InputWrapper-label').filter({ hasText: /\*/ });
  await marked.first().waitFor();
  const labels = await marked.allTextContents();
  expect(labels.map((label) => label.replaceAll(/[\s*]+$/g, ''))).toEqual(['The input', 'The string_list']);
});

test('errors appear beside their field while typing, and starting focuses the first one', async () => {
  const page = await openForm();
  await page.getByLabel('The number').fill('11');
  await page.getByText('Maximum: 10.').waitFor();
  await page.getByLabel('The json').fill('{');
  await page.getByText('Invalid JSON').waitFor();
  // Text that is not valid JSON stays in the form.
  await page.getByText('JSON', { exact: true }).click();
  expect(await page.getByLabel('The json').inputValue()).toBe('{');
  await page.getByRole('button', { name: 'Clear: The string_list' }).click();
  await page.getByText('This field is required.').waitFor();
  await page.getByLabel('The sources: Depth 1').fill('2');
  await page.getByText('Row 1: Address is missing.').waitFor();
  await page.getByRole('button', { name: 'The last section' }).click();
  await page.getByText('1 problem').waitFor();
  await browser.screenshots('input-form-problems');
  expect(await browser.violations()).toEqual([]);
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await expect.poll(async () => focusedField(page)).toBe('The number');
  await page.getByLabel('The number').fill('10');
  await page.getByLabel('The sources: Depth 1').fill('');
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await expect.poll(async () => focusedField(page)).toBe('The json');
  expect(new URL(page.url()).pathname).toBe(`/workers/${workerId}`);
});

test('errors that only the server finds appear beside their field too', async () => {
  const page = await openForm();
  await page.getByRole('button', { name: 'Clear: The request_list' }).click();
  await page.getByText('Cannot start yet: concurrency fields have no non-empty fields').waitFor();
  await page.getByText('JSON', { exact: true }).click();
  await page
    .getByLabel('Input as JSON')
    .fill('{"request_list": ["a", ["b"]], "string_list": ["x"], "input": "y"}');
  await page.getByText('Form', { exact: true }).click();
  await page.getByRole('button', { name: 'Run options' }).click();
  await page.getByLabel('Memory (MB)').fill('1');
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.getByText('memory must be a whole number of MiB', { exact: false }).first().waitFor();
  expect(await page.getByLabel('Memory (MB)').getAttribute('aria-invalid')).toBe('true');
  await page.getByLabel('Memory (MB)').fill('');
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  const message = 'item at index 1 in [request_list] must be an object or primitive value';
  await page.locator('.mantine-InputWrapper-error', { hasText: message }).waitFor();
});

test('form and JSON edit the same input and lose nothing between them', async () => {
  const page = await openForm();
  await page.getByLabel('The input').fill('typed in the form');
  await page.getByText('JSON', { exact: true }).click();
  const json = page.getByLabel('Input as JSON');
  expect(JSON.parse(await json.inputValue())).toEqual({ ...defaults, input: 'typed in the form' });
  const text = `{
    "input": 5, "string_list": ["z", 12345678901234567890, "\\"exact words\\""], "switch": null, "json": null,
    "request_list": [{"url": "https://a.example/", "more": {"deep": [1e400]}}, "plain"], "unknown": 98765432109876543210
  }`;
  await json.fill(text);
  await page.getByText('Form', { exact: true }).click();
  expect(await page.getByLabel('The input').inputValue()).toBe('5');
  expect(await page.getByLabel('The string_list 2').inputValue()).toBe('12345678901234567890');
  expect(await page.getByLabel('The request_list 2').inputValue()).toBe('plain');
  await page.getByLabel('The request_list 1').fill('https://b.example/');
  await page.getByText('JSON', { exact: true }).click();
  const written = (await json.inputValue()).replaceAll(/\s/g, '');
  const expected = text.replaceAll(/\s/g, '').replace('a.example', 'b.example');
  for (const part of expected.slice(1, -1).split(/,(?=")/)) expect(written).toContain(part);
  expect(written).toHaveLength(expected.length);
});

test('lists import spreadsheet cells, files and text, and export everything again', async () => {
  const page = await openForm();
  await page.getByLabel('The sources: Address 1').focus();
  await paste(page, 'The sources: Address 1', 'https://a.example/\t1\r\n"two\nlines"\t2\r\n');
  await page.getByText('2 rows pasted.').waitFor();
  expect(await page.getByLabel('The sources: Address 2').inputValue()).toBe('two\nlines');
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Import file: The sources' }).click();
  const csv = '\uFEFFdepth;note;Address\r\n3;"a;b";https://c.example/\r\n;;\r\n4;x;https://a.example/\r\n';
  await (await chooser).setFiles({ name: 'sources.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
  await page.getByText('2 items from sources.csv. Ignored: note.').waitFor();
  expect(await page.getByLabel('The sources: Depth 3').inputValue()).toBe('3');

  await page.getByLabel('The string_list 1').focus();
  await paste(page, 'The string_list 1', '"exact words"\nb\nb');
  await page.getByRole('button', { name: 'Remove duplicates: The string_list' }).click();
  await page.getByText('2 duplicates removed.').waitFor();
  await page.getByLabel('The string_list 2').press('Alt+ArrowUp');
  await page.getByRole('button', { name: 'Edit as text: The string_list' }).click();
  const text = page.getByRole('dialog').getByRole('textbox');
  expect(await text.inputValue()).toBe('"exact words"\na\nb');
  await text.fill('"exact words"\n\nc\td\ne');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.getByText('The list now has 3 items.').waitFor();
  await page.getByLabel('The string_list 3').hover();
  await page.getByRole('button', { name: 'Remove row 3' }).last().click();
  await start();
  const { custom } = await storedInput();
  expect(custom['sources']).toEqual([
    { url: 'https://a.example/', depth: '1' },
    { url: 'two\nlines', depth: '2' },
    { url: 'https://c.example/', depth: '3' },
    { url: 'https://a.example/', depth: '4' },
  ]);
  expect(custom['string_list']).toEqual(['"exact words"', 'c']);
});

test('a list of 5,000 items stays responsive because only visible rows are rendered', async () => {
  const page = await openForm();
  const lines = Array.from({ length: 5000 }, (_, index) => `https://shop.example/${index}`).join('\n');
  await page.getByLabel('The request_list 1').press('ControlOrMeta+a');
  await paste(page, 'The request_list 1', lines);
  await page.getByText('5,000 items').waitFor();
  await page.getByText('Runs as 5,000 subtasks').waitFor();
  // The focus moved to the last row; Enter continues there.
  await page.keyboard.press('Enter');
  await page.keyboard.type('https://last.example/');
  await page.getByText('5,001 items').waitFor();
  const rows = page.getByRole('table', { name: 'The request_list' }).getByRole('textbox');
  expect(await rows.count()).toBeLessThan(40);
  await page.evaluate("document.querySelector('table').parentElement.scrollTop = 0");
  await page.getByLabel('The request_list 1', { exact: true }).fill('https://first.example/');
  await page.getByText('Runs as 5,001 subtasks').waitFor();
  await page.getByRole('button', { name: 'Save as task' }).click();
  await page.getByRole('dialog').getByLabel('Task').fill('Many');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.waitForURL('**/tasks/*');
  const { data } = await browser.platform.call<{ list: { input: StoredInput }[] }>('/worker-tasks');
  const items = data.list[0]?.input.parameters.custom['request_list'] as { url: string }[];
  expect(items).toHaveLength(5001);
  expect([items[0], items[4999], items[5000]]).toEqual([
    { url: 'https://first.example/' },
    { url: 'https://shop.example/4999' },
    { url: 'https://last.example/' },
  ]);
});

test('entered values survive a reload', async () => {
  const page = await openForm();
  await page.getByLabel('The input').fill('kept');
  await page.getByLabel('The big').fill('12345678901234567890');
  await page.reload();
  await page.getByText('Draft restored.').waitFor();
  expect(await page.getByLabel('The input').inputValue()).toBe('kept');
  expect(await page.getByLabel('The big').inputValue()).toBe('12345678901234567890');
  await page.getByRole('button', { name: 'Start over' }).click();
  expect(await page.getByLabel('The input').inputValue()).toBe('from the default');
  await page.getByRole('button', { name: 'Undo' }).click();
  expect(await page.getByLabel('The input').inputValue()).toBe('kept');
  await page.getByRole('button', { name: 'Start over' }).click();
});

test('the form can be filled from a run and from a task', async () => {
  const run = await browser.platform.runAsync(
    workerId,
    { input: 'of the run', string_list: ['x'], request_list: ['a', 'b'] },
    { memory: 768, execute_limit_time_seconds: 7200 },
  );
  const page = await openForm(`?from=${run}`);
  await page.getByText(`Filled in from run ${run}.`).waitFor();
  expect(await page.getByLabel('The input').inputValue()).toBe('of the run');
  await page.getByRole('button', { name: 'Run options' }).click();
  expect(await page.getByLabel('Memory (MB)').inputValue()).toBe('768');
  expect(await page.getByLabel('Time limit', { exact: true }).inputValue()).toBe('2');
  await page.getByLabel('The input').fill('edited');
  await start();
  const again = await storedInput();
  expect(again.custom).toEqual({ input: 'edited', string_list: ['x'], request_list: ['a', 'b'] });
  expect(again.system).toEqual({ memory: 768, execute_limit_time_seconds: 7200 });

  const { data } = await browser.platform.call<{ slug: string }>('/worker-tasks', {
    body: {
      worker_id: workerId,
      title: 'A task',
      input: { parameters: { custom: { input: 'of the task', string_list: ['x'], request_list: ['a'] } } },
    },
  });
  await openForm(`?task=${data.slug}`);
  await page.getByText(`Filled in from task ${data.slug}.`).waitFor();
  expect(await page.getByLabel('The input').inputValue()).toBe('of the task');
});

test('a schema with members that are null or of another type still gets a form', async () => {
  const strange = [
    {
      name: 'a',
      type: 'string',
      editor: null,
      title: { b: 1 },
      options: null,
      sectionCaption: 5,
      default: null,
    },
    { name: 'b', type: 'array', editor: 'requestListSource', param_list: [{ param: 'url', title: [] }, 7] },
    {
      name: 'c',
      type: 'array',
      editor: 'select',
      options: [null, 'x', { value: 3 }, { value: 3, label: {} }],
    },
  ];
  await writeFile(path.join(folder, 'input_schema.json'), JSON.stringify({ properties: strange }));
  await browser.platform.publish(folder, 'Strange');
  const page = await browser.open('/workers/tester~strange');
  await page.getByLabel('a', { exact: true }).fill('x');
  await page.getByLabel('b: url 1').fill('y');
  await page.getByLabel('c', { exact: true }).first().click();
  await page.getByRole('option', { name: '3' }).click();
  await page.keyboard.press('Escape');
  await start();
  expect((await storedInput()).custom).toEqual({ a: 'x', b: [{ url: 'y' }], c: [3] });
});

test('the browser logged no errors and contacted no other host', () => {
  expect(browser.problems).toEqual([]);
});
