/** Reads the items of a list from a file: a table with commas, semicolons or tabs, or a text with one item per line. */
import { rowOfCells, type ListColumn, type ListRow } from './list-items.ts';

export interface ListFile {
  readonly rows: readonly ListRow[];
  /** Headings that match no column of the list. */
  readonly unused: readonly string[];
}

/** Spreadsheet programs save "Unicode text" as UTF-16. */
async function textOfFile(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const isWide = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isWide ? 'utf-16le' : 'utf-8').decode(bytes);
}

async function cellsOfFile(name: string, text: string, columnCount: number): Promise<string[][]> {
  if (columnCount === 1 && !/\.(csv|tsv|tab)$/i.test(name))
    return text.split(/\r\n|\r|\n/).map((line) => [line]);
  const { default: papaparse } = await import('papaparse');
  return papaparse.parse(text, {
    delimiter: /\.(tsv|tab)$/i.test(name) ? '\t' : '',
    skipEmptyLines: 'greedy',
  }).data;
}

function plain(text: string): string {
  return text.trim().toLowerCase();
}

/**
 * The index in the file of each column of the list, if the first row of the file is a heading.
 * @param names other accepted headings, for a list with one column
 */
function placesOf(
  heading: readonly string[],
  columns: readonly ListColumn[],
  names: readonly string[],
): number[] | undefined {
  const headings = heading.map(plain);
  const places = columns.map(({ key, title }) => {
    const known = new Set([key ?? '', title, ...(columns.length === 1 ? names : [])].map(plain));
    return headings.findIndex((text) => text !== '' && known.has(text));
  });
  return places.some((place) => place !== -1) ? places : undefined;
}

/** @param names names of the list, accepted as the heading of a file with one column */
export async function readListFile(
  file: File,
  columns: readonly ListColumn[],
  names: readonly string[],
): Promise<ListFile> {
  const cells = await cellsOfFile(file.name, await textOfFile(file), columns.length);
  const [heading = [], ...rest] = cells;
  const places = placesOf(heading, columns, names);
  const body = places === undefined ? cells : rest;
  const rows = body
    .map((row) => (places === undefined ? row : places.map((place) => row[place] ?? '')))
    .filter((row) => row.some((cell) => cell.trim() !== ''))
    .map((row) => rowOfCells(row, columns));
  const unused = places === undefined ? [] : heading.filter((_text, index) => !places.includes(index));
  return { rows, unused };
}
