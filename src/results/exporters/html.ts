/** A self-contained HTML page with a table that can be sorted and searched. */
import { pictureAddress } from '../pictures.ts';
import type { Exporter } from '../exporter.ts';
import { cellReader, cellText, isNested, isString, stringValue, type Cell } from './cells.ts';
import { contentSecurityPolicy, script, style } from './html-page.ts';
import { markupAttribute, markupText, webAddress } from './markup.ts';
import { withNoteColumn } from './left-out.ts';
import { fittingText } from './sheet-values.ts';

/** Longer text is folded until the reader opens it. */
const foldedLength = 400;

function folded(text: string, markup: string): string {
  return text.length > foldedLength ? `<div class="long" tabindex="0">${markup}</div>` : markup;
}

/** Total length of the pictures in a page. Browsers hold all of it in memory. */
const pictureCharacters = 64 * 1024 * 1024;

/** The room for pictures that a page has left, in characters. */
interface Room {
  pictures: number;
}

function pictureCell(picture: string, room: Room): string {
  if (picture.length > room.pictures) return `<td>${fittingText(picture, 'this page')}</td>`;
  room.pictures -= picture.length;
  return `<td><button type="button" class="picture" aria-label="Open picture"><img src="${markupAttribute(picture)}" alt="" loading="lazy" decoding="async"></button></td>`;
}

function tableCell(cell: Cell, room: Room): string {
  if (cell === undefined || cell === 'null') return '<td></td>';
  if (isNested(cell)) {
    const shown = fittingText(cell, 'this page');
    return `<td>${folded(shown, `<code>${markupText(shown)}</code>`)}</td>`;
  }
  if (!isString(cell))
    return `<td class="${/^[\d-]/.test(cell) ? 'number' : 'boolean'}">${cellText(cell)}</td>`;
  const whole = stringValue(cell);
  const picture = pictureAddress(whole);
  if (picture !== undefined) return pictureCell(picture, room);
  const text = fittingText(whole, 'this page');
  const address = webAddress(text);
  if (address === undefined) return `<td>${folded(text, markupText(text))}</td>`;
  const link = `<a href="${markupAttribute(address)}" rel="noopener noreferrer" target="_blank">${markupText(text)}</a>`;
  return `<td>${folded(text, link)}</td>`;
}

export const writeHtml: Exporter = async function* (source) {
  const table = withNoteColumn(source);
  const { run, columns, rowCount } = table;
  const title = markupText(run.workerTitle);
  const heads = columns.map(
    ({ key, label }) =>
      `<th scope="col" title="${markupAttribute(key)}"><button type="button">${markupText(label || key)}</button></th>`,
  );
  yield `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}: results of run ${run.slug}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p>Run ${run.slug} of <time datetime="${run.createdAt}">${run.createdAt.slice(0, 10)}</time>, ${rowCount.toLocaleString('en')} ${rowCount === 1 ? 'row' : 'rows'}</p>
<input type="search" placeholder="Search" aria-label="Search the rows">
</header>
<table>
<thead><tr><th scope="col">#</th>${heads.join('')}</tr></thead>
<tbody>
`;
  const cellsOf = cellReader(table);
  const room: Room = { pictures: pictureCharacters };
  let number = 0;
  for await (const rows of table.rows) {
    let text = '';
    for (const row of rows) {
      number += 1;
      text += `<tr><td>${(table.numbers?.[number - 1] ?? number - 1) + 1}</td>${cellsOf(row)
        .map((cell) => tableCell(cell, room))
        .join('')}</tr>\n`;
    }
    yield text;
  }
  yield `</tbody>
</table>
<dialog aria-label="Picture"><img alt=""></dialog>
<script>${script}</script>
</body>
</html>
`;
};
