/* oxlint-disable jsx-a11y/prefer-tag-over-role -- the elements of a table cannot be placed freely, as rows in sight are */
/** Rows as a table. Only the visible rows and columns are loaded and rendered. */
import { UnstyledButton } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useCallback, useMemo, useState, type ReactNode, type Ref } from 'react';
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
import { ResultCell } from './result-cell.tsx';
import classes from './result-grid.module.css';
import { columnWidth, isNumeric, shownValue } from './result-value.ts';

const rowHeight = 36;
const numberWidth = 84;
/** Horizontal scrolling updates the visible columns after this many pixels. */
const sidewaysStep = 150;

interface Column extends ResultHeader {
  /** Position in the table, from 1. */
  readonly place: number;
  readonly left: number;
  readonly width: number;
}

interface ResultGridProps {
  readonly handle: Ref<LineScrollerHandle>;
  readonly slug: string;
  readonly headers: readonly ResultHeader[];
  readonly count: number;
  /** Words that the rows contain; `''` for all rows. */
  readonly words: string;
  /** A new value reloads the visible rows. */
  readonly revision: unknown;
  readonly isFollowing: boolean;
  readonly onScrolled: (isAtEnd: boolean) => void;
  readonly onEnd: (end: number) => void;
  /** @param index among the shown rows, 0-based */
  readonly onOpen: (index: number) => void;
}

/** Places columns side by side and distributes the remaining width. */
function placed(headers: readonly ResultHeader[], room: number): Column[] {
  const widths = headers.map(({ format }) => columnWidth(format));
  const sum = widths.reduce((total, width) => total + width, 0);
  const factor = Math.max(1, (room - numberWidth) / Math.max(1, sum));
  let left = numberWidth;
  return headers.map((header, index) => {
    const width = Math.floor((widths[index] ?? 0) * factor);
    left += width;
    return { ...header, place: index + 1, left: left - width, width };
  });
}

/** Whether the row has only the start of a value. */
function isCut(row: ResultRow, key: string): boolean {
  const cut = row[cutKey];
  return typeof cut === 'object' && cut !== null && Object.hasOwn(cut, key);
}

function Header({
  columns,
  first,
}: {
  readonly columns: readonly Column[];
  readonly first: number;
}): ReactNode {
  return (
    <div className={classes['header']} role="row" aria-rowindex={1}>
      <span
        className={`${classes['cell']} ${classes['number']}`}
        style={{ width: numberWidth }}
        role="columnheader"
        aria-colindex={1}
      >
        #
      </span>
      {columns.map(({ key, label, format, width, place, left }, index) => (
        <span
          key={key}
          className={`${classes['cell']} ${isNumeric(format) ? classes['numeric'] : ''}`}
          style={{ width, marginInlineStart: index === 0 ? left - first : undefined }}
          role="columnheader"
          aria-colindex={place + 1}
          title={key}
        >
          {label || key}
        </span>
      ))}
    </div>
  );
}

export function ResultGrid(props: ResultGridProps): ReactNode {
  const { slug, headers, count, words, revision, onEnd, onOpen } = props;
  const { run: texts } = useTexts();
  const { language } = useLanguage();
  const { ref: sized, width: room } = useElementSize();
  const [range, setRange] = useState({ first: 0, end: 0 });
  const [left, setLeft] = useState(0);
  const load = useCallback(
    (page: number, signal: AbortSignal) => loadRows(slug, words, { page, size: rowsAtOnce }, signal),
    [slug, words],
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
      onEnd(end);
    },
    [onEnd],
  );
  const columns = useMemo(() => placed(headers, room), [headers, room]);
  const last = columns.at(-1);
  const width = last === undefined ? numberWidth : last.left + last.width;
  const seen = columns.filter(
    (column) =>
      column.left + column.width >= left - sidewaysStep && column.left <= left + room + 2 * sidewaysStep,
  );
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
        header={<Header columns={seen} first={numberWidth} />}
        headerHeight={rowHeight}
        width={width}
        isFollowing={props.isFollowing}
        onScrolled={props.onScrolled}
        onRange={onRange}
        onScrolledSideways={(value) => setLeft(Math.floor(value / sidewaysStep) * sidewaysStep)}
      >
        {(index) => {
          const row = at(index);
          const number = row === undefined ? '' : formatCount(rowNumber(row), language);
          return (
            <div key={index} className={classes['row']} role="row" aria-rowindex={index + 2}>
              <span
                className={`${classes['cell']} ${classes['number']}`}
                style={{ width: numberWidth }}
                role="cell"
                aria-colindex={1}
              >
                {row !== undefined && (
                  <UnstyledButton
                    className={classes['open']}
                    aria-label={texts.openRow(number)}
                    onClick={() => onOpen(index)}
                  >
                    {number}
                  </UnstyledButton>
                )}
              </span>
              {seen.map((column, place) => (
                <span
                  key={column.key}
                  className={`${classes['cell']} ${isNumeric(column.format) ? classes['numeric'] : ''}`}
                  style={{
                    width: column.width,
                    marginInlineStart: place === 0 ? column.left - numberWidth : undefined,
                  }}
                  role="cell"
                  aria-colindex={column.place + 1}
                >
                  {row !== undefined && (
                    <ResultCell
                      slug={slug}
                      label={column.label || column.key}
                      shown={shownValue(row[column.key], column.format, isCut(row, column.key))}
                      whole={isCut(row, column.key) ? { slug, words, index, key: column.key } : undefined}
                    />
                  )}
                </span>
              ))}
            </div>
          );
        }}
      </LineScroller>
    </div>
  );
}
