/** Rows that two runs do not have in common. A changed cell shows both values. */
import { Badge, Table, Text, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';
import { isLongNumber, stringifyJson } from '../../../api/lossless-json.ts';
import { dataIdKey, type ResultRow } from '../../../api/run-results.ts';
import type { ComparedRows, RowChange, RunComparison } from '../../../api/run-comparison.ts';
import { Scroller } from '../../../components/scroller.tsx';
import { useTexts } from '../../../texts/texts.tsx';
import classes from './compared-table.module.css';

const colors: Readonly<Record<RowChange, string>> = {
  added: 'teal',
  removed: 'red',
  changed: 'orange',
  unchanged: 'gray',
};

/** Wider tables are hard to read; the changed columns come first. */
const shownColumns = 12;
const shownCharacters = 200;

function textOf(row: ResultRow | undefined, key: string): string {
  const value = row !== undefined && Object.hasOwn(row, key) ? row[key] : undefined;
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : stringifyJson(value);
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters).toWellFormed()}…` : text;
}

/** Whether the rows have numbers in a column, and nothing else but gaps. */
function isNumeric({ list }: RunComparison, key: string): boolean {
  const values = list
    .flatMap(({ row, other_row: other }) => [row?.[key], other?.[key]])
    .filter((value) => value !== undefined && value !== null && value !== '');
  return values.length > 0 && values.every((value) => typeof value === 'number' || isLongNumber(value));
}

function Cell({ entry, name }: { readonly entry: ComparedRows; readonly name: string }): ReactNode {
  const { compare: texts } = useTexts();
  const { row, other_row: other, changed_columns: changed } = entry;
  if (!changed.includes(name)) return textOf(row ?? other, name);
  return (
    <>
      <Text component="del" size="sm" className={classes['before']}>
        <VisuallyHidden>{texts.before}: </VisuallyHidden>
        {textOf(other, name) || '–'}
      </Text>{' '}
      <Text component="ins" size="sm" className={classes['after']}>
        <VisuallyHidden>{texts.after}: </VisuallyHidden>
        {textOf(row, name) || '–'}
      </Text>
    </>
  );
}

/** The column of the pairs first, then those with changes, then the others. */
function columnsOf({ key, list }: RunComparison, labels: ReadonlyMap<string, string>): string[] {
  const changed = list.flatMap(({ changed_columns: names }) => names);
  return [...new Set([key, ...changed, ...labels.keys()])].slice(0, shownColumns);
}

export function ComparedTable({
  compared,
  labels,
}: {
  readonly compared: RunComparison;
  readonly labels: ReadonlyMap<string, string>;
}): ReactNode {
  const { compare: texts } = useTexts();
  const columns = columnsOf(compared, labels);
  const numeric = new Set(columns.filter((name) => isNumeric(compared, name)));
  return (
    <Scroller label={texts.rows} isFullHeight>
      <Table verticalSpacing="xs" aria-label={texts.rows}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{texts.change}</Table.Th>
            {columns.map((name) => (
              <Table.Th key={name} ta={numeric.has(name) ? 'right' : undefined}>
                {labels.get(name) || name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {compared.list.map((entry) => (
            <Table.Tr key={(entry.row ?? entry.other_row)?.[dataIdKey]}>
              <Table.Td miw={110}>
                <Badge color={colors[entry.change]} variant="light" radius="sm">
                  {texts.changeNames[entry.change]}
                </Badge>
              </Table.Td>
              {columns.map((name) => (
                <Table.Td key={name} className={classes['cell']} ta={numeric.has(name) ? 'right' : undefined}>
                  <Cell entry={entry} name={name} />
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scroller>
  );
}
