/**
 * XML 1.0: `<results>` with one `<row>` per row. A key that is a valid XML name becomes an element of that name; any
 * other becomes `<field key="…">`. Objects nest in the same way; array items are `<item>`; null and absent keys have no
 * element.
 */
import { parseJson, isJsonObject, stringifyJson } from '../../json/lossless-json.ts';
import type { Exporter } from '../exporter.ts';
import { cellReader, cellText, isNested } from './cells.ts';
import { leftOutNote } from './left-out.ts';
import { markupAttribute, markupText } from './markup.ts';

/** Without colons, which are for namespaces. Names that start with xml are reserved. */
const elementName =
  /^(?!xml)[A-Z_a-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u2C00-\u2FEF\u3001-\uD7FF][-.\w\u00B7\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u037D\u037F-\u1FFF\u203F\u2040\u2C00-\u2FEF\u3001-\uD7FF]*$/i;

interface Tags {
  readonly open: string;
  readonly close: string;
}

const itemTags: Tags = { open: '<item>', close: '</item>' };

function tagsOf(key: string): Tags {
  if (elementName.test(key)) return { open: `<${key}>`, close: `</${key}>` };
  return { open: `<field key="${markupAttribute(key)}">`, close: '</field>' };
}

function element({ open, close }: Tags, value: unknown): string {
  return value === null ? '' : open + content(value) + close;
}

/** @param value as returned by `parseJson`, whose depth limit applies */
function content(value: unknown): string {
  if (typeof value === 'string') return markupText(value);
  if (Array.isArray(value)) {
    // Array items keep their positions, so null has an element here.
    return value.map((item) => (item === null ? '<item/>' : element(itemTags, item))).join('');
  }
  if (!isJsonObject(value)) return stringifyJson(value);
  return Object.entries(value)
    .map(([key, member]) => element(tagsOf(key), member))
    .join('');
}

export const writeXml: Exporter = async function* (table) {
  const cellsOf = cellReader(table);
  const tags = table.columns.map(({ key }) => tagsOf(key));
  const field = (cell: string | undefined, index: number): string => {
    const tag = tags[index];
    if (tag === undefined || cell === undefined || cell === 'null') return '';
    const text = isNested(cell) ? content(parseJson(cell)) : markupText(cellText(cell));
    return tag.open + text + tag.close;
  };
  const { slug, workerTitle } = table.run;
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<results run="${slug}" worker="${markupAttribute(workerTitle)}">\n${table.lacksColumns ? `<!-- ${leftOutNote} -->\n` : ''}`;
  for await (const rows of table.rows) {
    yield rows.map((row) => `<row>${cellsOf(row).map(field).join('')}</row>\n`).join('');
  }
  yield '</results>\n';
};
