/** One row of a list: its cells and its actions. */
import { IconArrowDown, IconArrowUp, IconX } from '@tabler/icons-react';
import type { ClipboardEvent, KeyboardEvent, ReactNode } from 'react';
import { withoutEnd } from '../../../../../src/text/text-ends.ts';
import { useTexts } from '../../../texts/texts.tsx';
import classes from './list-editor.module.css';
import { cellOf, isBlank, type ListColumn, type ListRow } from './list-items.ts';

export interface Place {
  readonly row: number;
  readonly column: number;
}

/** Callbacks of the list for its rows. */
export interface RowActions {
  readonly change: (place: Place, text: string) => void;
  readonly paste: (place: Place, text: string, replaces: boolean) => void;
  readonly move: (from: number, to: number, column: number) => void;
  readonly remove: (row: number, focus: Place) => void;
  /** Focuses the cell; adds a row if there is none yet. */
  readonly goTo: (place: Place) => void;
}

interface ListRowProps {
  readonly row: ListRow;
  readonly index: number;
  readonly count: number;
  readonly columns: readonly ListColumn[];
  readonly label: string;
  readonly actions: RowActions;
  /** Whether empty required cells are marked. */
  readonly marksGaps: boolean;
}

function handleKey(
  event: KeyboardEvent<HTMLTextAreaElement>,
  place: Place,
  { row, count, actions }: ListRowProps,
): void {
  const { key, altKey, ctrlKey, metaKey, shiftKey, nativeEvent } = event;
  // Enter also confirms the composition of an input method.
  if (nativeEvent.isComposing || ctrlKey || metaKey || shiftKey) return;
  const step = key === 'ArrowUp' ? -1 : key === 'ArrowDown' || key === 'Enter' ? 1 : 0;
  const target = { ...place, row: place.row + step };
  if (step !== 0 && altKey && key !== 'Enter') {
    actions.move(place.row, target.row, place.column);
  } else if (key === 'Enter') {
    if (target.row < count || !isBlank(row)) actions.goTo(target);
  } else if (step !== 0) {
    if (event.currentTarget.value.includes('\n') || target.row < 0 || target.row >= count) return;
    actions.goTo(target);
  } else if (key === 'Backspace' && isBlank(row) && count > 1) {
    actions.remove(place.row, { ...place, row: Math.max(place.row - 1, 0) });
  } else {
    return;
  }
  event.preventDefault();
}

function handlePaste(event: ClipboardEvent<HTMLTextAreaElement>, place: Place, actions: RowActions): void {
  const text = event.clipboardData.getData('text/plain');
  if (!/[\t\r\n]/.test(text)) return;
  event.preventDefault();
  const { value, selectionStart, selectionEnd } = event.currentTarget;
  const line = withoutEnd(text, '\r\n');
  // A single copied cell ends with a line break; paste it at the cursor.
  if (!/[\t\r\n]/.test(line)) {
    actions.change(place, value.slice(0, selectionStart) + line + value.slice(selectionEnd));
  } else {
    actions.paste(place, text, selectionStart === 0 && selectionEnd === value.length);
  }
}

export function ListRowView(props: ListRowProps): ReactNode {
  const { row, index, count, columns, label, actions, marksGaps } = props;
  const { inputForm: texts } = useTexts();
  const buttons = [
    {
      label: texts.moveUp(index + 1),
      Icon: IconArrowUp,
      isOff: index === 0,
      act: () => actions.move(index, index - 1, 0),
    },
    {
      label: texts.moveDown(index + 1),
      Icon: IconArrowDown,
      isOff: index >= count - 1,
      act: () => actions.move(index, index + 1, 0),
    },
    {
      label: texts.removeRow(index + 1),
      Icon: IconX,
      isOff: false,
      act: () => actions.remove(index, { row: Math.min(index, count - 2), column: 0 }),
    },
  ];
  return (
    <>
      <th className={classes['number']}>{index + 1}</th>
      {columns.map((column, columnIndex) => {
        const place = { row: index, column: columnIndex };
        const text = cellOf(row.item, column, columnIndex === 0);
        return (
          <td key={column.key ?? ''} className={classes['cell']}>
            <textarea
              className={classes['input']}
              rows={1}
              spellCheck={false}
              value={text}
              data-row={index}
              data-column={columnIndex}
              aria-label={texts.cell(label, column.title, index + 1)}
              aria-invalid={marksGaps && column.isRequired && text.trim() === '' && !isBlank(row)}
              onChange={(event) => actions.change(place, event.currentTarget.value)}
              onKeyDown={(event) => handleKey(event, place, props)}
              onPaste={(event) => handlePaste(event, place, actions)}
            />
          </td>
        );
      })}
      <td className={classes['actions']}>
        {buttons.map(({ label: name, Icon, isOff, act }) => (
          // Out of the tab order: keys in the cell do the same.
          <button
            key={name}
            type="button"
            tabIndex={-1}
            className={classes['action']}
            disabled={isOff}
            aria-label={name}
            title={name}
            onClick={act}
          >
            <Icon size={15} />
          </button>
        ))}
      </td>
    </>
  );
}
