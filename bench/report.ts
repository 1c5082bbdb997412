/** The table of results, as Markdown, and its place in `docs/benchmarks.md`. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Line } from './bench.ts';

const page = path.resolve(import.meta.dirname, '../docs/benchmarks.md');
const startMarker = '<!-- results: written by npm run bench -- --write -->';
const endMarker = '<!-- end of results -->';

const headings = ['Benchmark', 'Measured', 'Baseline', 'Result', 'Target', 'Notes'];

function tableRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

export function resultTable(lines: readonly Line[]): string {
  const rows = lines.map((line) =>
    tableRow([
      line.benchmark,
      line.measured,
      line.baseline,
      `**${line.result}**`,
      `${line.target}${line.isMet ? '' : ' (missed)'}`,
      line.notes,
    ]),
  );
  return [tableRow(headings), tableRow(headings.map(() => '---')), ...rows].join('\n');
}

/** Replaces the text between the markers of the page. @throws Error if the page lacks them */
export async function writeResults(results: string): Promise<void> {
  const text = await readFile(page, 'utf8');
  const start = text.indexOf(startMarker);
  const end = text.indexOf(endMarker);
  if (start === -1 || end < start) throw new Error(`docs/benchmarks.md lacks its markers: ${startMarker}`);
  await writeFile(page, `${text.slice(0, start + startMarker.length)}\n\n${results}\n\n${text.slice(end)}`);
}
