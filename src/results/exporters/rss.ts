/**
 * RSS 2.0 with one item per row. Title and link come from columns with suitable names; the description lists all
 * columns in HTML.
 */
import type { Exporter, ExportTable } from '../exporter.ts';
import { cellReader, cellText, type Cell } from './cells.ts';
import { leftOutNote } from './left-out.ts';
import { markupText, webAddress } from './markup.ts';
import { fittingText } from './sheet-values.ts';

/** Column names for the title or link of an item, best first. Case and punctuation are ignored. */
const titleNames = ['title', 'name', 'headline', 'subject', 'productname', 'companyname'];
const linkNames = ['link', 'url', 'href', 'permalink', 'pageurl', 'producturl', 'articleurl', 'website'];

const titleLengthLimit = 200;

/** Indexes of the columns with one of the names, best name first. */
function placesOf({ columns }: ExportTable, names: readonly string[]): number[] {
  const plain = columns.map(({ key }) => key.toLowerCase().replaceAll(/[^a-z]/g, ''));
  return names.flatMap((name) => plain.flatMap((key, place) => (key === name ? [place] : [])));
}

/** On one line, cut to the length of a headline. */
function headline(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > titleLengthLimit
    ? `${line.slice(0, titleLengthLimit).replace(/[\uD800-\uDBFF]$/, '')}…`
    : line;
}

function description({ columns }: ExportTable, cells: readonly Cell[]): string {
  const entries = columns.flatMap(({ key, label }, place) => {
    const text = fittingText(cellText(cells[place]), 'a feed');
    if (text === '') return [];
    const address = webAddress(text);
    const shown = markupText(text);
    const value = address === undefined ? shown : `<a href="${markupText(address)}">${shown}</a>`;
    return [`<dt>${markupText(label || key)}</dt><dd>${value}</dd>`];
  });
  // XML treats the HTML in a description as text, so it is escaped again.
  return markupText(`<dl>${entries.join('')}</dl>`);
}

/** A date in RFC 822 format with a four-digit year, as RSS requires. */
function feedDate(isoDate: string): string {
  return new Date(isoDate).toUTCString();
}

export const writeRss: Exporter = async function* (table) {
  const { run, rowCount } = table;
  const published = feedDate(run.createdAt);
  yield `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0">
<channel>
<title>${markupText(run.workerTitle)}</title>
<link>${markupText(run.url)}</link>
<description>${rowCount} results of run ${run.slug}${table.lacksColumns ? ` (${leftOutNote})` : ''}</description>
<pubDate>${published}</pubDate>
<generator>Chela</generator>
<docs>https://www.rssboard.org/rss-specification</docs>
`;
  const cellsOf = cellReader(table);
  const titlePlaces = placesOf(table, titleNames);
  const linkPlaces = placesOf(table, linkNames);
  let number = 0;
  const item = (row: string): string => {
    number += 1;
    const place = (table.numbers?.[number - 1] ?? number - 1) + 1;
    const cells = cellsOf(row);
    const firstText = (places: readonly number[], of: (text: string) => string | undefined) =>
      places.map((place) => of(cellText(cells[place]))).find((text) => text !== undefined && text !== '');
    const title = firstText(titlePlaces, headline) ?? `Row ${place}`;
    const link = firstText(linkPlaces, webAddress);
    return `<item>
<title>${markupText(title)}</title>
${link === undefined ? '' : `<link>${markupText(link)}</link>\n`}<description>${description(table, cells)}</description>
<guid isPermaLink="false">${run.slug}-${place}</guid>
<pubDate>${published}</pubDate>
</item>
`;
  };
  for await (const rows of table.rows) yield rows.map(item).join('');
  yield '</channel>\n</rss>\n';
};
