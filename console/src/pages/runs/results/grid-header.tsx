/* oxlint-disable jsx-a11y/prefer-tag-over-role -- the elements of a table cannot be placed freely */
/** The headings of the table: each sorts, filters and changes the width of its column. */
import { ActionIcon, Popover, UnstyledButton } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconFilter, IconFilterFilled } from '@tabler/icons-react';
import { useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react';
import type { ColumnFilter, RowQuery } from '../../../api/row-queries.ts';
import { useTexts } from '../../../texts/texts.tsx';
import { numberWidth, type ShownColumn } from './column-placement.ts';
import { FilterForm } from './filter-form.tsx';
import classes from './result-grid.module.css';
import { isNumeric } from './result-value.ts';

const keyStep = 20;

interface WidthHandleProps {
  readonly label: string;
  readonly width: number;
  /** @param width undefined for the usual one */
  readonly onWidth: (width: number | undefined) => void;
}

/** The right edge of a column, which can be dragged. A double click restores the usual width. */
function WidthHandle({ label, width, onWidth }: WidthHandleProps): ReactNode {
  const start = useRef<{ x: number; width: number }>(undefined);
  const move = ({ clientX }: PointerEvent): void => {
    if (start.current !== undefined) onWidth(start.current.width + clientX - start.current.x);
  };
  const key = (event: KeyboardEvent): void => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    onWidth(width + (event.key === 'ArrowRight' ? keyStep : -keyStep));
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions, jsx-a11y/no-noninteractive-element-interactions -- a separator that moves is interactive
    <span
      className={classes['handle']}
      role="separator"
      aria-orientation="vertical"
      aria-label={label}
      aria-valuenow={width}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- see above
      tabIndex={0}
      onPointerDown={(event) => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, width };
      }}
      onPointerMove={move}
      onPointerUp={() => {
        start.current = undefined;
      }}
      onPointerCancel={() => {
        start.current = undefined;
      }}
      onDoubleClick={() => onWidth(undefined)}
      onKeyDown={key}
    />
  );
}

interface HeadingProps {
  readonly column: ShownColumn;
  readonly query: RowQuery;
  readonly onQuery: (query: RowQuery) => void;
  readonly onWidth: (key: string, width: number | undefined) => void;
}

/** What a click on a heading sorts by: ascending, then descending, then not at all. */
function nextOrder({ sort, order }: RowQuery, key: string): Pick<RowQuery, 'sort' | 'order'> {
  if (sort !== key) return { sort: key };
  return order === 'desc' ? {} : { sort: key, order: 'desc' };
}

function Heading({ column, query, onQuery, onWidth }: HeadingProps): ReactNode {
  const { results: texts } = useTexts();
  const [isOpen, setOpen] = useState(false);
  const { key, format, width, margin, place, isSticky } = column;
  const label = column.label || key;
  const isSorted = query.sort === key;
  const isDown = query.order === 'desc';
  const filter = query.filter?.find((each) => each.key === key);
  const Arrow = isDown ? IconArrowDown : IconArrowUp;
  const setFilter = (changed: ColumnFilter | undefined): void => {
    setOpen(false);
    const others = (query.filter ?? []).filter((each) => each.key !== key);
    const filters = changed === undefined ? others : [...others, changed];
    const { filter: _before, ...rest } = query;
    onQuery({ ...rest, ...(filters.length > 0 && { filter: filters }) });
  };
  return (
    <span
      className={`${classes['cell']} ${classes['heading']} ${isNumeric(format) ? classes['numeric'] : ''} ${isSticky ? classes['sticky'] : ''}`}
      style={{ width, marginInlineStart: margin, left: isSticky ? numberWidth : undefined }}
      role="columnheader"
      aria-colindex={place + 1}
      aria-sort={isSorted ? (isDown ? 'descending' : 'ascending') : 'none'}
    >
      <UnstyledButton
        className={classes['sort']}
        title={texts.sortBy(key)}
        onClick={() => {
          const { sort: _sort, order: _order, ...rest } = query;
          onQuery({ ...rest, ...nextOrder(query, key) });
        }}
      >
        {label}
        {isSorted && <Arrow size={14} stroke={1.8} aria-hidden />}
      </UnstyledButton>
      <Popover
        opened={isOpen}
        onChange={setOpen}
        position="bottom-start"
        shadow="md"
        withinPortal
        trapFocus
        returnFocus
      >
        <Popover.Target>
          <ActionIcon
            className={classes['filter']}
            data-active={filter !== undefined || undefined}
            size="sm"
            variant="subtle"
            color={filter === undefined ? 'gray' : 'blue'}
            aria-label={texts.filterColumn(label)}
            onClick={() => setOpen(!isOpen)}
          >
            {filter === undefined ? <IconFilter size={14} /> : <IconFilterFilled size={14} />}
          </ActionIcon>
        </Popover.Target>
        <Popover.Dropdown>
          <FilterForm columnKey={key} filter={filter} onChange={setFilter} />
        </Popover.Dropdown>
      </Popover>
      <WidthHandle label={texts.widthOf(label)} width={width} onWidth={(next) => onWidth(key, next)} />
    </span>
  );
}

interface GridHeaderProps extends Omit<HeadingProps, 'column'> {
  readonly columns: readonly ShownColumn[];
}

export function GridHeader({ columns, ...props }: GridHeaderProps): ReactNode {
  return (
    <div className={classes['header']} role="row" aria-rowindex={1}>
      <span
        className={`${classes['cell']} ${classes['number']} ${classes['sticky']}`}
        style={{ width: numberWidth, left: 0 }}
        role="columnheader"
        aria-colindex={1}
      >
        #
      </span>
      {columns.map((column) => (
        <Heading key={column.key} column={column} {...props} />
      ))}
    </div>
  );
}
