import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../bundled-workers/support/temporary-folder.ts';
import { openConsole, type ConsoleBrowser } from './support/console-browser.ts';

const options = [
  { label: 'One', value: 'one' },
  { label: 'Two', value: 'two' },
];
const properties = [
  { name: 'input', type: 'string', editor: 'input', default: 'from the default' },
  { name: 'textarea', type: 'string', editor: 'textarea' },
  { name: 'number', type: 'integer', editor: 'number', minimum: 1, maximum: 10, default: 3 },
  { name: 'select', type: 'string', editor: 'select', options, default: 'one' },
  { name: 'several', type: 'array', editor: 'select', multiple: true, options },
  { name: 'radio', type: 'string', editor: 'radio', options },
  { name: 'checkbox', type: 'array', editor: 'checkbox', options },
  { name: 'switch', type: 'boolean', editor: 'switch', default: true },
  { name: 'datepicker', type: 'string', editor: 'datepicker', format: 'YYYY-MM-DD' },
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
  { name: 'json', type: 'object', editor: 'json', default: { key: [1, 2] } },
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
  await writeFile(path.join(folder, 'input_schema.json'), JSON.stringify({ properties }));
  workerId = await browser.platform.publish(folder, 'Editors');
});
afterAll(async () => browser.close());

async function storedInput(): Promise<unknown> {
  const { rows } = await browser.platform.platform.database.pool.query<{ input: string }>(
    'SELECT input::text AS input FROM run ORDER BY id DESC LIMIT 1',
  );
  const input = JSON.parse(rows[0]?.input ?? '{}') as { parameters: { custom: unknown; system: unknown } };
  return input.parameters;
}

async function start(): Promise<void> {
  await browser.page.getByRole('button', { name: 'Start' }).click();
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

test('a form that is left as it is starts with the defaults', async () => {
  const page = await browser.open(`/workers/${workerId}`);
  await page.getByLabel('The input').waitFor();
  await browser.screenshots('input-form-editors');
  expect(await browser.violations()).toEqual([]);
  await start();
  expect(await storedInput()).toEqual({ custom: defaults, system: {} });
});

test('every editor writes its value with its type', async () => {
  const page = await browser.open(`/workers/${workerId}`);
  await page.getByLabel('The input').fill('Ä <b> "quoted"');
  await page.getByLabel('The textarea').fill('two\nlines');
  await page.getByLabel('The number').fill('7');
  await page.getByRole('combobox', { name: 'The select' }).click();
  await page.getByRole('option', { name: 'Two' }).click();
  await page.getByLabel('The several').first().click();
  await page.getByRole('option', { name: 'One' }).click();
  await page.getByRole('option', { name: 'Two' }).click();
  await page.keyboard.press('Escape');
  await page.getByRole('radio', { name: 'Two' }).check();
  await page.getByRole('checkbox', { name: 'One' }).check();
  await page.getByRole('switch', { name: 'The switch' }).uncheck();
  await page.getByLabel('The datepicker').fill('2026-02-28');
  await page.keyboard.press('Escape');
  await page.getByLabel('The request_list').fill('https://b.example/\n\nhttps://c.example/?q=1&r=2');
  await page.getByLabel('The sources').fill('https://d.example/\t2\nhttps://e.example/\t');
  await page.getByLabel('The string_list').fill('x\ny');
  await page.getByLabel('The json').fill('{"big": 1, "list": [null, true]}');
  await page.getByRole('button', { name: 'Run options' }).click();
  await page.getByLabel('Memory (MB)').fill('1024');
  await start();
  expect(await storedInput()).toEqual({
    custom: {
      input: 'Ä <b> "quoted"',
      textarea: 'two\nlines',
      number: 7,
      select: 'two',
      several: ['one', 'two'],
      radio: 'two',
      checkbox: ['one'],
      switch: false,
      datepicker: '2026-02-28',
      request_list: [{ url: 'https://b.example/' }, { url: 'https://c.example/?q=1&r=2' }],
      sources: [
        { url: 'https://d.example/', depth: '2' },
        { url: 'https://e.example/', depth: '' },
      ],
      string_list: ['x', 'y'],
      json: { big: 1, list: [null, true] },
    },
    system: { memory: 1024 },
  });
});

test('what is wrong is said beside its field, and nothing is sent', async () => {
  const page = await browser.open(`/workers/${workerId}`);
  await page.getByLabel('The string_list').fill('');
  await page.getByLabel('The number').fill('11');
  await page.getByLabel('The json').fill('{');
  await page.getByRole('button', { name: 'Start' }).click();
  await page.getByText('This field is required.').waitFor();
  await page.getByText('10 is the most.').waitFor();
  await page.getByText('This is not a JSON object').waitFor();
  expect(new URL(page.url()).pathname).toBe(`/workers/${workerId}`);
});

test('form and JSON are two views of one input', async () => {
  const page = await browser.open(`/workers/${workerId}`);
  await page.getByLabel('The input').fill('typed in the form');
  await page.getByText('JSON', { exact: true }).click();
  const json = page.getByLabel('Input as JSON');
  expect(JSON.parse(await json.inputValue())).toEqual({ ...defaults, input: 'typed in the form' });
  await json.fill('{"input": "typed as JSON", "string_list": ["z"], "unknown": 1}');
  await page.getByText('Form', { exact: true }).click();
  expect(await page.getByLabel('The input').inputValue()).toBe('typed as JSON');
  expect(await page.getByLabel('The string_list').inputValue()).toBe('z');
});

test('a list of 5,000 items stays fluid', async () => {
  const page = await browser.open(`/workers/${workerId}`);
  const list = page.getByLabel('The request_list');
  const lines = Array.from({ length: 5000 }, (_, index) => `https://shop.example/${index}`).join('\n');
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(lines)})`);
  await list.press('ControlOrMeta+a');
  await list.press('ControlOrMeta+v');
  await page.getByText('5000 items').waitFor();
  await list.press('End');
  await list.pressSequentially('\nhttps://last.example/');
  await page.getByText('5001 items').waitFor();
  await start();
  const { custom } = (await storedInput()) as { custom: { request_list: unknown[] } };
  expect(custom.request_list).toHaveLength(5001);
});

test('nothing went wrong in the browser meanwhile, and no other host was asked', () => {
  expect(browser.problems).toEqual([]);
});
