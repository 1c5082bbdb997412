/** The speed of the formats compared with PostgreSQL's own COPY, and that memory does not grow with the rows. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { exportFormatNames, formatTraits, type ExportFormat } from '../../src/results/export-formats.ts';
import type { Bench, Line, Workbench } from '../bench.ts';
import type { ExportMeasure, ExportTask } from '../support/export-process.ts';
import { alternate } from '../support/statistics.ts';

const run = promisify(execFile);
const script = path.resolve(import.meta.dirname, '../support/export-process.ts');

const rounds = 3;
const manyRows = 1_000_000;
const fewRows = 50_000;
const rateTarget = 0.3;
const growthTargetMegabytes = 100;
const megabyte = 1024 * 1024;
const keys = ['id', 'title', 'price', 'in_stock', 'tags', 'url'];

type Source = ExportTask['order']['table']['source'];

/** Gives a run a million rows of about 150 bytes. */
async function storeRows(databaseUrl: string, runSlug: string): Promise<Source> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: string; day: string; result_count: string }>(
      'SELECT id, day::text, result_count FROM run WHERE slug = $1',
      [runSlug],
    );
    const [source] = rows;
    if (source === undefined) throw new Error(`there is no run ${runSlug}`);
    await client.query(
      `INSERT INTO result_row (day, run_id, number, subtask, data)
       SELECT $1::date, $2, n, 1, json_build_object('id', n, 'title', 'Product number ' || n || ' of the shop',
         'price', n % 10000 / 100.0, 'in_stock', n % 3 = 0, 'tags', json_build_array('new', 'red'),
         'url', 'https://shop.example/products/' || n)
       FROM generate_series($3::int, ${manyRows - 1}) AS n`,
      [source.day, source.id, source.result_count],
    );
    await client.query('VACUUM ANALYZE result_row');
    return { id: Number(source.id), day: source.day };
  } finally {
    await client.end();
  }
}

async function write(
  workbench: Workbench,
  source: Source,
  what: { format: ExportFormat; rowCount: number; plain?: boolean },
): Promise<ExportMeasure> {
  const { databaseUrl } = await workbench.installation();
  const { format, rowCount, plain = false } = what;
  const task: ExportTask = {
    plain,
    file: path.join(workbench.folder, `export.${format}`),
    order: {
      databaseUrl,
      format,
      table: {
        source,
        run: {
          slug: '01KKDXV2G26BT7NH4ZQR2R4NPZ',
          workerTitle: 'Shop',
          createdAt: '2026-03-11T08:00:00.000Z',
          url: 'http://127.0.0.1/',
        },
        columns: keys.map((key) => ({ key, label: key, format: 'text' })),
        isFiltered: false,
        lacksColumns: false,
        csv: { defusesFormulas: true, hasByteOrderMark: false },
        rowCount,
      },
    },
  };
  const { stdout } = await run(process.execPath, [script, JSON.stringify(task)]);
  return JSON.parse(stdout) as ExportMeasure;
}

async function rateLine(workbench: Workbench, source: Source, format: ExportFormat): Promise<Line> {
  const rate = async (plain: boolean): Promise<number> =>
    manyRows / (await write(workbench, source, { format, rowCount: manyRows, plain })).seconds;
  const { measured, baseline, ratio } = await alternate(
    rounds,
    () => rate(false),
    () => rate(true),
  );
  return {
    benchmark: `export, ${format}`,
    measured: `${measured.toFixed(0)} rows/s`,
    baseline: `COPY of the same rows to a file: ${baseline.toFixed(0)} rows/s`,
    result: `${ratio.toFixed(2)} of the baseline`,
    target: `at least ${rateTarget}`,
    isMet: ratio >= rateTarget,
    notes: 'A million rows are exported within seconds.',
  };
}

async function memoryLine(workbench: Workbench, source: Source): Promise<Line> {
  const growths: { format: ExportFormat; few: number; many: number }[] = [];
  for (const format of exportFormatNames) {
    const most = Math.min(manyRows, formatTraits(format).rowLimit ?? manyRows);
    const { peakBytes: few } = await write(workbench, source, { format, rowCount: fewRows });
    const { peakBytes: many } = await write(workbench, source, { format, rowCount: most });
    growths.push({ format, few: few / megabyte, many: many / megabyte });
  }
  const worst = growths.reduce((a, b) => (b.many - b.few > a.many - a.few ? b : a));
  const highest = Math.max(...growths.map(({ many }) => many));
  return {
    benchmark: 'export, memory of all formats',
    measured: `at most ${highest.toFixed(0)} MB, with a million rows (65,535 for xls)`,
    baseline: `the same format with ${fewRows.toLocaleString('en')} rows`,
    result: `at most ${(worst.many - worst.few).toFixed(0)} MB more (${worst.format})`,
    target: `at most ${growthTargetMegabytes} MB`,
    isMet: worst.many - worst.few <= growthTargetMegabytes,
    notes: 'A run can be exported whatever its size.',
  };
}

export const exportRows: Bench = {
  name: 'exports',
  async measure(workbench) {
    const installation = await workbench.installation();
    const { run_slug: slug } = await installation.runSync('chela~hello', { names: ['Ada'] });
    const source = await storeRows(installation.databaseUrl, slug);
    const lines: Line[] = [];
    for (const format of ['csv', 'jsonl'] as const) lines.push(await rateLine(workbench, source, format));
    lines.push(await memoryLine(workbench, source));
    return lines;
  },
};
