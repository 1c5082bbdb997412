/** One suite for every export format: the same rows, written by Chela and read by programs that share no code with it. */
import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { read as readWorkbook, utils } from 'xlsx';
import { exportFormatNames, type ExportFormat } from '../../src/results/export-formats.ts';
import type { ExportTable } from '../../src/results/exporter.ts';
import { loadExporter } from '../../src/results/exporters.ts';
import { preparePython } from '../support/python-environment.ts';

const run = promisify(execFile);

interface ReadExport {
  readonly columns: string[];
  readonly rows: Record<string, unknown>[];
  readonly sheets?: string[];
  readonly numbers?: string[];
  readonly elements?: string[];
  readonly items?: { title: string | null; link: string | null }[];
}

/** One Python for all files: starting it takes longer than reading most of them. */
class ExportReader {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string, undefined>;

  constructor(python: string) {
    const script = path.join(import.meta.dirname, 'read_export.py');
    this.#child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#child.stdout, crlfDelay: Infinity })[
      Symbol.asyncIterator
    ]();
  }

  /** One file after another. @throws Error if the file cannot be read */
  async read(format: ExportFormat, file: string): Promise<ReadExport> {
    this.#child.stdin.write(`${format} ${file}\n`);
    const { value } = await this.#answers.next();
    if (value === undefined) throw new Error('the reader of exports ended');
    const answer = JSON.parse(value) as ReadExport & { readonly error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  close(): void {
    this.#child.kill();
  }
}

let python: string;
let folder: string;
let reader: ExportReader;
beforeAll(async () => {
  python = await preparePython(path.join(import.meta.dirname, 'requirements.txt'));
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-exports-'));
  reader = new ExportReader(python);
}, 300_000);
afterAll(async () => {
  reader.close();
  await rm(folder, { recursive: true, force: true });
});

async function* inBatches(rows: Iterable<string>, size: number): AsyncGenerator<string[]> {
  let batch: string[] = [];
  for (const row of rows) {
    batch.push(row);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

function tableOf(
  keys: readonly string[],
  rows: readonly string[],
  changes: Partial<ExportTable> = {},
): ExportTable {
  return {
    run: {
      slug: '01KKDXV2G26BT7NH4ZQR2R4NPZ',
      workerTitle: 'Shops & <more>',
      createdAt: '2026-03-11T08:00:00.000Z',
      url: 'https://chela.test/api/v2/worker-runs/01KKDXV2G26BT7NH4ZQR2R4NPZ',
    },
    columns: keys.map((key) => ({ key, label: key, format: 'text' })),
    isFiltered: false,
    lacksColumns: false,
    csv: { defusesFormulas: true, hasByteOrderMark: false },
    rowCount: rows.length,
    rows: inBatches(rows, 2),
    ...changes,
  };
}

let fileCount = 0;

/** Writes a table and returns the path of the file. */
async function written(format: ExportFormat, table: ExportTable): Promise<string> {
  const parts: Buffer[] = [];
  const write = await loadExporter(format);
  for await (const part of write(table)) parts.push(Buffer.from(part));
  fileCount += 1;
  const file = path.join(folder, `${fileCount}.${format}`);
  await writeFile(file, Buffer.concat(parts));
  return file;
}

/** What an independent reader finds in a file. */
async function readBack(format: ExportFormat, table: ExportTable): Promise<ReadExport> {
  return reader.read(format, await written(format, table));
}

const keys = ['id', 'title', 'price', 'ok', 'tags', 'url', 'note'];
const bigNumber = '12345678901234567890';
const formula = '=HYPERLINK("http://evil.test","x")';
const severalLines = 'a "quoted", b; c\nline\ttab';
const controls = 'nul\0 bell\u0007 last\uFFFF';
/** As XML and HTML can represent it. */
const replacedControls = 'nul\uFFFD bell\uFFFD last\uFFFD';

const sourceRows = [
  '{"id":1,"title":"Ada","price":9.5,"ok":true,"tags":["a",{"b":"c"}],"url":"https://shop.test/a?b=1&c=2"}',
  JSON.stringify({ id: 2, title: 'Grüße 🎉 漢字', price: -0.25, ok: false, tags: [], url: '' }),
  JSON.stringify({ id: 3, title: severalLines, note: '<b>&amp;</b>' }),
  JSON.stringify({ id: 4, title: formula, note: '@SUM(1)' }),
  `{"id":5,"title":null,"__coreclaw_data_id__":"ours","price":${bigNumber}}`,
  JSON.stringify({ id: 6, title: controls, note: '-12.5' }),
];

type Cells = Record<string, unknown>;

/** The rows as flat text. @param defused the prefix of text that looks like a formula */
function texts(lastTitle: string, defused = ''): Cells[] {
  return [
    {
      id: '1',
      title: 'Ada',
      price: '9.5',
      ok: 'true',
      tags: '["a",{"b":"c"}]',
      url: 'https://shop.test/a?b=1&c=2',
    },
    { id: '2', title: 'Grüße 🎉 漢字', price: '-0.25', ok: 'false', tags: '[]' },
    { id: '3', title: severalLines, note: '<b>&amp;</b>' },
    { id: '4', title: defused + formula, note: `${defused}@SUM(1)` },
    { id: '5', price: bigNumber },
    { id: '6', title: lastTitle, note: '-12.5' },
  ];
}

/** The same, with numbers and booleans if a spreadsheet can store them exactly. */
function typed(rows: Cells[]): Cells[] {
  return rows.map((row) => ({
    ...row,
    id: Number(row.id),
    ...(row.price === undefined || row.price === bigNumber ? {} : { price: Number(row.price) }),
    ...(row.ok === undefined ? {} : { ok: row.ok === 'true' }),
  }));
}

function values(): Cells[] {
  return sourceRows.map((row) => {
    const value = JSON.parse(row) as Cells;
    delete value['__coreclaw_data_id__'];
    return value;
  });
}

function nestedTexts(): Cells[] {
  const [first, second, ...rest] = texts(replacedControls);
  return [{ ...first, tags: ['a', { b: 'c' }] }, { ...second, tags: '', url: '' }, ...rest];
}

const expected: Readonly<Record<ExportFormat, Cells[]>> = {
  csv: texts('nul\uFFFD bell\u0007 last\uFFFF', "'"),
  json: values(),
  jsonl: values(),
  xlsx: typed(texts(replacedControls)),
  xls: typed(texts(controls)),
  xml: nestedTexts(),
  html: texts(replacedControls),
  rss: texts(replacedControls),
};

/** Formats with a cell for each column, whether a row has it or not. */
const flat = new Set<ExportFormat>(['csv', 'xlsx', 'xls']);

describe.each(exportFormatNames)('%s', (format) => {
  test('keeps every value of hostile rows, as far as the format can', async () => {
    expect((await readBack(format, tableOf(keys, sourceRows))).rows).toEqual(expected[format]);
  });

  test('has the requested columns in their order, and no others', async () => {
    const { columns, rows } = await readBack(
      format,
      tableOf(['note', 'id'], sourceRows, { isFiltered: true }),
    );
    expect(rows).toEqual(
      expected[format].map(({ note, id }) => (note === undefined ? { id } : { note, id })),
    );
    expect(flat.has(format) ? columns : ['note', 'id']).toEqual(['note', 'id']);
    expect(Object.keys(rows.at(-1) ?? {})).toEqual(['note', 'id']);
  });

  test('replaces lone surrogates, and keeps pairs', async () => {
    const row = String.raw`{"id":"hello \ud83d","title":"\ude00 \uD83D\ude00 \\ud83d","note":["\udc00"]}`;
    const { rows } = await readBack(format, tableOf(['id', 'title', 'note'], [row]));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ id: 'hello \uFFFD', title: '\uFFFD 😀 \\ud83d' });
    expect(JSON.stringify(rows[0]?.note)).toMatch(/\uFFFD|\\ufffd/);
  });

  test('is a complete file without rows', async () => {
    expect((await readBack(format, tableOf([], []))).rows).toEqual([]);
    expect((await readBack(format, tableOf(keys, []))).rows).toEqual([]);
  });

  test('keeps names that look like markup or like internal ones', async () => {
    const names = ['a b', '<x>', 'xml-name', '1st', 'constructor', 'key&"', '数', 'a:b'];
    const row = Object.fromEntries(names.map((name, index) => [name, `value ${index}`]));
    const { rows } = await readBack(format, tableOf(names, [JSON.stringify(row)]));
    expect(rows).toEqual([row]);
  });

  test('keeps a row of ten million characters, or says that it was cut', async () => {
    const title = 'é'.repeat(10_000_000);
    const { rows } = await readBack(format, tableOf(['id', 'title'], [JSON.stringify({ id: 'x', title })]));
    const text = String(rows[0]?.title);
    const isCut = text.length === 32_767 && text.endsWith('[cut, 10,000,000 characters]');
    expect(['xlsx', 'xls', 'html', 'rss'].includes(format) ? isCut : text === title).toBe(true);
  }, 60_000);
});

describe('csv', () => {
  test('keeps the digits of numbers, and ends lines according to RFC 4180', async () => {
    const file = await written('csv', tableOf(['n', 'a,b'], ['{"n":1.50,"a,b":"x"}', '{"n":1e400}']));
    expect(await readFile(file, 'utf8')).toBe('n,"a,b"\r\n1.50,x\r\n1e400,\r\n');
  });

  test.each([
    ['=1+1', "'=1+1"],
    ['+cmd|x', "'+cmd|x"],
    ['-2+3+cmd', "'-2+3+cmd"],
    ['@SUM(A1)', "'@SUM(A1)"],
    [' =1', "' =1"],
    ['＝1', "'＝1"],
    ["-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"],
    ['-1+1', "'-1+1"],
    ['+A1', "'+A1"],
    ['-A1:B2', "'-A1:B2"],
    ["+'a b'!C3", "'+'a b'!C3"],
    ['-foo(1)', "'-foo(1)"],
    ['＠SUM(1)', "'＠SUM(1)"],
    ['\t=1', "'\t=1"],
    ['\rx', "'\rx"],
    ['@nasa', '@nasa'],
    ['@nba2', '@nba2'],
    ['+1 555-0100 ext. 5', '+1 555-0100 ext. 5'],
    ['- none -', '- none -'],
    ['-well-known', '-well-known'],
    ['- first, second (both)', '- first, second (both)'],
    ['-20 % today!', '-20 % today!'],
    ['-5%', '-5%'],
    ['-5 °C', '-5 °C'],
    ['-', '-'],
    ['@', '@'],
    ['-5', '-5'],
    ['+49 30 123456', '+49 30 123456'],
    ['a=b', 'a=b'],
  ])('writes the text %s as %s', async (text, field) => {
    expect((await readBack('csv', tableOf(['t'], [JSON.stringify({ t: text })]))).rows).toEqual([
      { t: field },
    ]);
  });

  test('keeps every column name', async () => {
    expect((await readBack('csv', tableOf(['@type', '=1+1'], []))).columns).toEqual(['@type', '=1+1']);
  });

  test('keeps values that look like formulas if the request says so', async () => {
    const csv = { defusesFormulas: false, hasByteOrderMark: false };
    const file = await written('csv', tableOf(['t'], ['{"t":"=1+1"}', '{"t":"@SUM(A1)"}'], { csv }));
    expect(await readFile(file, 'utf8')).toBe('t\r\n=1+1\r\n@SUM(A1)\r\n');
  });

  test('starts with a byte order mark if the request says so', async () => {
    const csv = { defusesFormulas: true, hasByteOrderMark: true };
    const file = await written('csv', tableOf(['t'], ['{"t":"ü"}'], { csv }));
    expect(await readFile(file)).toEqual(Buffer.from('\uFEFFt\r\nü\r\n'));
  });

  test('quotes an empty field that is alone on its line, so that readers do not skip the row', async () => {
    const rows = ['{"email":"a@x.test"}', '{"email":""}', '{"email":null}', '{}', '{"email":"b@x.test"}'];
    const file = await written('csv', tableOf(['email'], rows));
    const { stdout } = await run(python, [
      '-c',
      'import csv, sys; print([row["email"] for row in csv.DictReader(open(sys.argv[1], newline=""))])',
      file,
    ]);
    expect(stdout.trim()).toBe("['a@x.test', '', '', '', 'b@x.test']");
    expect(await readFile(await written('csv', tableOf([''], ['{}'])), 'utf8')).toBe('""\r\n""\r\n');
  });
});

describe('xlsx', () => {
  test('continues in a second sheet when the first is full, and repeats the header', async () => {
    const rowCount = 1_048_577;
    const rows = {
      *[Symbol.iterator]() {
        for (let n = 0; n < rowCount; n += 1) yield '{"n":1}';
      },
    };
    const file = await written('xlsx', tableOf(['n'], [], { rowCount, rows: inBatches(rows, 10_000) }));
    const { stdout } = await run(python, [
      '-c',
      `import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as package:
    for name in sorted(package.namelist()):
        if "worksheets" in name: print(package.read(name).count(b"<row "))`,
      file,
    ]);
    expect(stdout.trim().split('\n')).toEqual(['1048576', '3']);
  }, 120_000);
});

describe('xls', () => {
  test('is read correctly by another library', async () => {
    const file = await written('xls', tableOf(keys, sourceRows));
    const workbook = readWorkbook(await readFile(file), { type: 'buffer' });
    expect(workbook.SheetNames).toEqual(['Results']);
    const sheet = workbook.Sheets['Results'];
    expect(sheet === undefined ? [] : utils.sheet_to_json(sheet)).toEqual(expected.xls);
  });

  test('keeps emoji at every position of a record, in 20,000 rows', async () => {
    const reviews = Array.from(
      { length: 20_000 },
      (_, n) => `${'x'.repeat(n % 211)}👍😀${n}🎉 漢${'🔥'.repeat(n % 7)}`,
    );
    const lines = reviews.map((review) => JSON.stringify({ review }));
    const table = tableOf(['review'], lines, { rows: inBatches(lines, 1000) });
    const { rows } = await readBack('xls', table);
    expect(rows.map(({ review }) => review)).toEqual(reviews);
    const file = await written('xls', tableOf(['review'], lines, { rows: inBatches(lines, 1000) }));
    const sheet = readWorkbook(await readFile(file), { type: 'buffer' }).Sheets['Results'];
    expect(sheet === undefined ? [] : utils.sheet_to_json(sheet)).toEqual(
      reviews.map((review) => ({ review })),
    );
  }, 120_000);

  test('holds the maximum number of rows of the format', async () => {
    const rowCount = 65_535;
    const rows = Array.from({ length: rowCount }, (_, n) => `{"n":${n},"t":"text ${n} ü"}`);
    const { rows: found } = await readBack('xls', tableOf(['n', 't'], rows, { rows: inBatches(rows, 5000) }));
    expect(found).toHaveLength(rowCount);
    expect(found.at(-1)).toEqual({ n: 65_534, t: 'text 65534 ü' });
  }, 60_000);

  test('refuses rows that would not fit into memory, and names xlsx', async () => {
    const names = Array.from({ length: 256 }, (_, n) => `c${n}`);
    const rows = Array.from({ length: 4000 }, () => '{"c0":1}');
    await expect(written('xls', tableOf(names, rows))).rejects.toThrow(/1,000,000 cells.*xlsx/);
    const long = JSON.stringify({ c0: 'x'.repeat(32_000) });
    const many = Array.from({ length: 1100 }, () => long);
    await expect(written('xls', tableOf(['c0'], many))).rejects.toThrow(/characters.*xlsx/);
  });
});

describe('html', () => {
  test('numbers its rows, links addresses and loads nothing', async () => {
    const { numbers } = await readBack('html', tableOf(keys, sourceRows));
    expect(numbers).toEqual(['1', '2', '3', '4', '5', '6']);
    const page = await readFile(await written('html', tableOf(keys, sourceRows)), 'utf8');
    expect(page).toContain(`content="default-src 'none'`);
    expect(page).toContain('href="https://shop.test/a?b=1&amp;c=2"');
    expect(page).toContain('<h1>Shops &amp; &lt;more&gt;</h1>');
  });

  test('folds long text, and shows pictures as thumbnails that its policy allows', async () => {
    const rows = [JSON.stringify({ a: 'x'.repeat(500), b: png }), JSON.stringify({ a: 'short', b: '/9j/' })];
    const page = await readFile(await written('html', tableOf(['a', 'b'], rows)), 'utf8');
    expect(page.match(/<div class="long"/g)).toHaveLength(1);
    expect(page.match(/<button type="button" class="picture"/g)).toHaveLength(1);
    expect(page).toContain('<td>short</td><td>/9j/</td>');
    expect(page).toContain('img-src data:;');
  });

  test('does not link an address that runs a script', async () => {
    const rows = [JSON.stringify({ url: 'javascript:alert(1)' }), JSON.stringify({ url: 'http://"onx=1' })];
    expect(await readFile(await written('html', tableOf(['url'], rows)), 'utf8')).not.toContain('href=');
  });
});

const png = `iVBORw0KGgo${'A'.repeat(1_000_000)}=`;

const cutPicture = '[picture, 1,000,012 characters: too long for a cell]';
const shownPictures: Partial<Record<ExportFormat, string>> = {
  xls: cutPicture,
  xlsx: cutPicture,
  html: `data:image/png;base64,${png}`,
  rss: '[picture, 1,000,012 characters: too long for a feed]',
};

describe('pictures of a megabyte', () => {
  test.each(exportFormatNames)(
    'are readable in %s',
    async (format) => {
      const rows = Array.from({ length: 8 }, (_, id) =>
        JSON.stringify({ id: `n${id}`, shot: id % 2 === 0 ? png : `data:image/png;base64,${png}` }),
      );
      const { rows: found } = await readBack(format, tableOf(['id', 'shot'], rows));
      expect(found.map(({ id }) => id)).toEqual(rows.map((_, id) => `n${id}`));
      expect(found[0]?.shot).toBe(shownPictures[format] ?? png);
    },
    60_000,
  );
});

test('an html page has up to 64 MB of pictures, and then notes in their place', async () => {
  const rows = Array.from({ length: 70 }, () => JSON.stringify({ shot: png }));
  const page = await readFile(await written('html', tableOf(['shot'], rows)), 'latin1');
  expect(page.match(/<img src="data:/g)).toHaveLength(67);
  expect(page.match(/\[picture, [\d,]+ characters: too long for this page\]/g)).toHaveLength(3);
});

describe('rss', () => {
  test('takes the title and link of an item from the columns with those names', async () => {
    const rows = [
      JSON.stringify({ Name: 'A  name', product_url: 'https://shop.test/1' }),
      JSON.stringify({ Name: '', product_url: 'no address' }),
    ];
    const { items } = await readBack('rss', tableOf(['Name', 'product_url'], rows));
    expect(items).toEqual([
      { title: 'A name', link: 'https://shop.test/1' },
      { title: 'Row 2', link: null },
    ]);
  });
});
