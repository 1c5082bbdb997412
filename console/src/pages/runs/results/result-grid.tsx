/* oxlint-disable jsx-a11y/prefer-tag-over-role -- the elements of a table cannot be placed freely, as rows in sight are */
/** Rows as a table. Only the visible rows and columns are loaded and rendered. */
import { UnstyledButton } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useCallback, useMemo, useState, type MouseEvent, type ReactNode, type Ref } from 'react';
import { wordsOf, type RowQuery } from '../../../api/row-queries.ts';
import {
  cutKey,
  loadRows,
  rowNumber,
  rowsAtOnce,
  type ResultHeader,
  type ResultRow,
} from '../../../api/run-results.ts';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { formatCount } from '../../../components/figures.ts';
import { LineScroller, type LineScrollerHandle } from '../../../components/line-scroller.tsx';
import { useWindows } from '../../../components/use-windows.ts';
import { useLanguage, useTexts } from '../../../texts/texts.tsx';
import { inSight, numberWidth, placed, type ShownColumn } from './column-placement.ts';
import type { ColumnWidths } from './column-widths.ts';
import { GridHeader } from './grid-header.tsx';
import { ResultCell } from './result-cell.tsx';
import classes from './result-grid.module.css';
import { isNumeric, shownValue } from './result-value.ts';

const rowHeight = 36;
/** Narrower tables have no room for a column that does not scroll. */
const stickyRoom = 600;
/** Horizontal scrolling updates the visible columns after this many pixels. */
const sidewaysStep = 150;

interface ResultGridProps {
  readonly handle: Ref<LineScrollerHandle>;
  readonly slug: string;
  readonly headers: readonly ResultHeader[];
  readonly count: number;
  readonly query: RowQuery;
  readonly onQuery: (query: RowQuery) => void;
  readonly columnWidths: ColumnWidths;
  /** Numbers of the selected rows. */
  readonly selected: ReadonlySet<number>;
  readonly onSelect: (row: ResultRow) => void;
  /** A new value reloads the visible rows. */
  readonly revision: unknown;
  readonly isFollowing: boolean;
  readonly onScrolled: (isAtEnd: boolean) => void;
  /** Rows that are visible or close to it, 0-based; `end` is the one after the last. */
  readonly onSight: (first: number, end: number) => void;
  /** @param index among the shown rows, 0-based */
  readonly onOpen: (row: ResultRow, index: number) => void;
}

/** Whether the row has only the start of a value. */
function isCut(row: ResultRow, key: string): boolean {
  const cut = row[cutKey];
  return typeof cut === 'object' && cut !== null && Object.hasOwn(cut, key);
}

/** Whether a click is on the row itself: not on something within it, in a window above it, or at the end of selecting text. */
function isOnRow({ target, currentTarget }: MouseEvent<HTMLElement>): boolean {
  if (!(target instanceof Element) || !currentTarget.contains(target)) return false;
  return target.closest('a, button, input, label') === null && window.getSelection()?.isCollapsed !== false;
}

interface GridRowProps extends Pick<ResultGridProps, 'slug' | 'query' | 'selected' | 'onSelect' | 'onOpen'> {
  readonly row: ResultRow | undefined;
  readonly index: number;
  readonly columns: readonly ShownColumn[];
}

function GridRow({ slug, query, selected, onSelect, onOpen, row, index, columns }: GridRowProps): ReactNode {
  const { run: texts, results } = useTexts();
  const { language } = useLanguage();
  const number = row === undefined ? 0 : rowNumber(row);
  const shownNumber = formatCount(number, language);
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus -- the button with the number is for the keyboard
    <div
      className={classes['row']}
      role="row"
      aria-rowindex={index + 2}
      data-selected={selected.has(number) || undefined}
      onClick={(event) => row !== undefined && isOnRow(event) && onOpen(row, index)}
    >
      <span
        className={`${classes['cell']} ${classes['number']} ${classes['sticky']}`}
        style={{ width: numberWidth, left: 0 }}
        role="cell"
        aria-colindex={1}
      >
        {row !== undefined && (
          <>
            <input
              type="checkbox"
              className={classes['select']}
              aria-label={results.selectRow(shownNumber)}
              checked={selected.has(number)}
              onChange={() => onSelect(row)}
            />
            <UnstyledButton
              className={classes['open']}
              aria-label={texts.openRow(shownNumber)}
              onClick={() => onOpen(row, index)}
            >
              {shownNumber}
            </UnstyledButton>
          </>
        )}
      </span>
      {columns.map(({ key, label, format, width, margin, place, isSticky }) => (
        <span
          key={key}
          className={`${classes['cell']} ${isNumeric(format) ? classes['numeric'] : ''} ${isSticky ? classes['sticky'] : ''}`}
          style={{ width, marginInlineStart: margin, left: isSticky ? numberWidth : undefined }}
          role="cell"
          aria-colindex={place + 1}
        >
          {row !== undefined && (
            <ResultCell
              slug={slug}
              label={label || key}
              shown={shownValue(Object.hasOwn(row, key) ? row[key] : undefined, format, isCut(row, key))}
              whole={isCut(row, key) ? { slug, number, key } : undefined}
              words={wordsOf(query, key)}
            />
          )}
        </span>
      ))}
    </div>
  );
}

export function ResultGrid(props: ResultGridProps): ReactNode {
  const { slug, headers, count, query, onQuery, columnWidths, revision, onSight } = props;
  const { run: texts } = useTexts();
  const { ref: sized, width: room } = useElementSize();
  const [range, setRange] = useState({ first: 0, end: 0 });
  const [left, setLeft] = useState(0);
  const load = useCallback(
    (page: number, signal: AbortSignal) => loadRows(slug, query, { page, size: rowsAtOnce }, signal),
    [slug, query],
  );
  const { at, error, retry } = useWindows<ResultRow>({
    count,
    pageSize: rowsAtOnce,
    ...range,
    revision,
    load,
  });
  const onRange = useCallback(
    (first: number, end: number) => {
      setRange((known) => (known.first === first && known.end === end ? known : { first, end }));
      onSight(first, end);
    },
    [onSight],
  );
  const columns = useMemo(
    () => placed(headers, columnWidths.widths, room),
    [headers, columnWidths.widths, room],
  );
  const last = columns.at(-1);
  const width = last === undefined ? numberWidth : last.left + last.width;
  const sight = { left: left - sidewaysStep, right: left + room + 2 * sidewaysStep };
  const shown = inSight(columns, sight, room >= stickyRoom);
  if (error !== null) return <ErrorNotice error={error} onRetry={retry} />;
  return (
    <div
      ref={sized}
      role="table"
      aria-label={texts.results}
      aria-rowcount={count + 1}
      aria-colcount={columns.length + 1}
    >
      <LineScroller
        handle={props.handle}
        count={count}
        lineHeight={rowHeight}
        label={texts.results}
        role="rowgroup"
        className={classes['frame']}
        header={
          <GridHeader columns={shown} query={query} onQuery={onQuery} onWidth={columnWidths.setWidth} />
        }
        headerHeight={rowHeight}
        width={width}
        isFollowing={props.isFollowing}
        onScrolled={props.onScrolled}
        onRange={onRange}
        onScrolledSideways={(value) => setLeft(Math.floor(value / sidewaysStep) * sidewaysStep)}
      >
        {(index) => (
          <GridRow
            key={index}
            slug={slug}
            query={query}
            selected={props.selected}
            onSelect={props.onSelect}
            onOpen={props.onOpen}
            row={at(index)}
            index={index}
            columns={shown}
          />
        )}
      </LineScroller>
    </div>
  );
}
