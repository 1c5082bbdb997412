/** Edits the items of a list as a table, with paste and import. Only visible rows are rendered. */
import { Button, Group, Input, Text, VisuallyHidden } from '@mantine/core';
import { defaultRangeExtractor, useVirtualizer, type Range } from '@tanstack/react-virtual';
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import type { InputProperty } from '../../../api/input-schema.ts';
import { formatCount } from '../../../components/figures.ts';
import { useLanguage, useTexts } from '../../../texts/texts.tsx';
import { readCells } from './cells.ts';
import type { Problem } from './input-problems.ts';
import classes from './list-editor.module.css';
import { readListFile } from './list-file.ts';
import {
  columnsOf,
  countItems,
  isBlank,
  moveRow,
  pasteCells,
  rowOf,
  withCell,
  withoutDuplicates,
  type ListColumn,
  type ListRow,
} from './list-items.ts';
import { ListRowView, type Place, type RowActions } from './list-row.tsx';
import { ListTextDialog } from './list-text-dialog.tsx';
import { ListToolbar } from './list-toolbar.tsx';

interface ListEditorProps {
  readonly property: InputProperty;
  readonly rows: readonly ListRow[];
  readonly problem: Problem | undefined;
  /** The cell to focus; each object is followed once. */
  readonly focus: Place | undefined;
  readonly onChange: (rows: readonly ListRow[]) => void;
}

/** In pixels; must match the style sheet. */
const rowHeight = 34;
/** An empty list shows one row to type into. */
const firstRow: readonly ListRow[] = [{ id: 0, item: '' }];

/** The last bulk change, which can be undone. */
interface Change {
  readonly message: string;
  readonly before: readonly ListRow[];
}

function Heading({ columns }: { readonly columns: readonly ListColumn[] }): ReactNode {
  const { inputForm: texts } = useTexts();
  const isPlain = columns.length === 1 && columns[0]?.title === '';
  return (
    <thead className={classes[isPlain ? 'hidden' : 'head']}>
      <tr className={classes['heading']}>
        <th>
          <VisuallyHidden>{texts.rowNumber}</VisuallyHidden>
        </th>
        {columns.map(({ key, title, description, isRequired }) => (
          <th key={key ?? ''} className={classes['title']} title={description}>
            <b>{title === '' ? texts.item : title}</b>
            {isRequired && ` · ${texts.required}`}
            {description !== '' && <span>{description}</span>}
          </th>
        ))}
        <th>
          <VisuallyHidden>{texts.rowActions}</VisuallyHidden>
        </th>
      </tr>
    </thead>
  );
}

/** The visible rows, and a function that focuses a cell, scrolling to it if needed. */
function useVisibleRows(rows: readonly ListRow[]) {
  const frame = useRef<HTMLDivElement>(null);
  const wanted = useRef<Place>(undefined);
  const [focused, setFocused] = useState<number>();
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    getItemKey: (index) => rows[index]?.id ?? index,
    estimateSize: () => rowHeight,
    overscan: 6,
    // The row with the cursor stays rendered while it is out of view.
    rangeExtractor: (range: Range) => {
      const indexes = defaultRangeExtractor(range);
      if (focused === undefined || focused >= rows.length || indexes.includes(focused)) return indexes;
      return [...indexes, focused].toSorted((one, other) => one - other);
    },
  });
  const focusCell = (place: Place): void => {
    wanted.current = place;
    virtualizer.scrollToIndex(place.row);
    setFocused(place.row);
  };
  useLayoutEffect(() => {
    const place = wanted.current;
    if (place === undefined) return;
    const cell = frame.current?.querySelector<HTMLTextAreaElement>(
      `[data-row="${place.row}"][data-column="${place.column}"]`,
    );
    if (cell === null || cell === undefined) return;
    wanted.current = undefined;
    cell.focus();
    cell.setSelectionRange(cell.value.length, cell.value.length);
  });
  return { frame, virtualizer, focusCell, setFocused };
}

export function ListEditor({ property, rows, problem, focus, onChange }: ListEditorProps): ReactNode {
  const { inputForm: texts } = useTexts();
  const { language } = useLanguage();
  const labelId = useId();
  const hintId = useId();
  const label = property.title ?? property.name;
  const columns = useMemo(() => columnsOf(property), [property]);
  const shown = rows.length === 0 ? firstRow : rows;
  const { frame, virtualizer, focusCell, setFocused } = useVisibleRows(shown);
  const [hasTextDialog, setHasTextDialog] = useState(false);
  const [change, setChange] = useState<Change>();
  const count = countItems(rows);
  useEffect(() => {
    if (focus !== undefined) focusCell(focus);
    // oxlint-disable-next-line react/exhaustive-deps -- a wish to focus is followed once
  }, [focus]);

  /** Undoing a bulk change restores the whole list, so a later edit of one row makes it unavailable. */
  const changeOne = (next: readonly ListRow[]): void => {
    setChange(undefined);
    onChange(next);
  };
  const changeMany = (next: readonly ListRow[], message: string): void => {
    setChange({ message, before: rows });
    onChange(next);
  };
  const append = (added: readonly ListRow[], message: string): void =>
    changeMany([...rows.filter((row) => !isBlank(row)), ...added], message);
  const actions: RowActions = {
    change: ({ row, column }, text) => {
      const target = shown[row];
      if (target !== undefined) changeOne(shown.with(row, withCell(target, columns, column, text)));
    },
    paste: (place, text, replaces) => {
      const target = shown[place.row];
      if (target === undefined) return;
      const cells = readCells(text);
      const lines =
        columns.length === 1 && cells.length === 1 ? (cells[0] ?? []).map((cell) => [cell]) : cells;
      const cleared = replaces ? shown.with(place.row, withCell(target, columns, place.column, '')) : shown;
      const pasted = pasteCells(cleared, columns, place, lines);
      changeMany(pasted.rows, texts.pasted(lines.length));
      focusCell({ ...place, row: pasted.last });
    },
    move: (from, to, column) => {
      if (to < 0 || to >= shown.length) return;
      changeOne(moveRow(shown, from, to));
      focusCell({ row: to, column });
    },
    remove: (row, place) => {
      changeOne(shown.toSpliced(row, 1));
      focusCell({ ...place, row: Math.max(place.row, 0) });
    },
    goTo: (place) => {
      if (place.row >= shown.length) changeOne([...shown, rowOf('')]);
      focusCell(place);
    },
  };
  const importFile = async (file: File): Promise<void> => {
    const names = [property.name, label];
    const { rows: added, unused } = await readListFile(file, columns, names);
    append(added, texts.imported(added.length, file.name, unused.join(', ')));
  };
  const dropDuplicates = (): void => {
    const items = rows.filter((row) => !isBlank(row));
    const kept = withoutDuplicates(items);
    changeMany(kept, texts.duplicatesDropped(items.length - kept.length));
  };

  return (
    <Input.Wrapper
      label={label}
      labelElement="div"
      labelProps={{ id: labelId }}
      description={property.description}
      descriptionProps={{ id: hintId }}
      error={problem?.message}
      required={property.required}
      withAsterisk={property.required}
      className={classes['list']}
    >
      <Group justify="space-between" gap="xs" my={4}>
        <ListToolbar
          label={label}
          isEmpty={count === 0}
          onAdd={() => actions.goTo({ row: rows.length, column: 0 })}
          onText={() => setHasTextDialog(true)}
          onFile={(file) => void importFile(file)}
          onDuplicates={dropDuplicates}
          onClear={() => changeMany([], texts.cleared(count))}
        />
        <Text size="xs" c="dimmed">
          {texts.items(count, formatCount(count, language))}
        </Text>
      </Group>
      <div
        ref={frame}
        className={classes['frame']}
        data-invalid={problem === undefined ? undefined : true}
        style={{ '--list-columns': columns.length } as React.CSSProperties}
        onFocus={({ target }) => {
          const row = target.dataset['row'];
          if (row !== undefined) setFocused(Number(row));
        }}
        onBlur={() => setFocused(undefined)}
      >
        <table
          className={classes['table']}
          aria-labelledby={labelId}
          aria-describedby={hintId}
          aria-rowcount={shown.length + 1}
        >
          <Heading columns={columns} />
          <tbody className={classes['rows']} style={{ height: virtualizer.getTotalSize() }}>
            {virtualizer.getVirtualItems().map(({ index, key, start }) => {
              const row = shown[index];
              if (row === undefined) return null;
              return (
                <tr
                  key={key}
                  aria-rowindex={index + 2}
                  className={classes['row']}
                  style={{ transform: `translateY(${start}px)` }}
                >
                  <ListRowView
                    row={row}
                    index={index}
                    count={shown.length}
                    columns={columns}
                    label={label}
                    actions={actions}
                    marksGaps={problem?.cell !== undefined}
                  />
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <Group gap="xs" mt={4} mih={22} component="output">
        {change === undefined ? (
          <Text size="xs" c="dimmed" component="span" className={classes['hint']}>
            {texts.listHint}
          </Text>
        ) : (
          <>
            <Text size="xs" component="span">
              {change.message}
            </Text>
            <Button
              size="compact-xs"
              variant="subtle"
              onClick={() => {
                onChange(change.before);
                setChange(undefined);
              }}
            >
              {texts.undo}
            </Button>
          </>
        )}
      </Group>
      {hasTextDialog && (
        <ListTextDialog
          label={label}
          columns={columns}
          rows={rows}
          onClose={() => setHasTextDialog(false)}
          onApply={(next) => changeMany(next, texts.textApplied(next.length))}
        />
      )}
    </Input.Wrapper>
  );
}
