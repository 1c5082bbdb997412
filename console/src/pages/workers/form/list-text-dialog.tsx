/** Edits all items of a list as one text: one per line, with tabs between cells. */
import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { Dialog } from '../../../components/dialog.tsx';
import { useTexts } from '../../../texts/texts.tsx';
import { readCells, writeCells } from './cells.ts';
import { cellsOf, isBlank, rowsOfCells, type ListColumn, type ListRow } from './list-items.ts';

interface ListTextDialogProps {
  readonly label: string;
  readonly columns: readonly ListColumn[];
  readonly rows: readonly ListRow[];
  readonly onClose: () => void;
  readonly onApply: (rows: ListRow[]) => void;
}

export function ListTextDialog({ label, columns, rows, onClose, onApply }: ListTextDialogProps): ReactNode {
  const { inputForm: texts, common } = useTexts();
  const items = rows.filter((row) => !isBlank(row));
  const [text, setText] = useState(() => writeCells(cellsOf(items, columns)));
  const apply = (): void => {
    onApply(rowsOfCells(readCells(text), columns, items));
    onClose();
  };
  return (
    <Dialog onClose={onClose} title={texts.asTextTitle(label)} size="xl">
      <Stack>
        <Text size="sm" c="dimmed">
          {columns.length > 1
            ? texts.columnsPerLine(columns.map(({ title }) => title).join(', '))
            : texts.onePerLine}
        </Text>
        <Textarea
          aria-label={texts.asTextTitle(label)}
          data-autofocus
          rows={16}
          spellCheck={false}
          wrap="off"
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: '0.8125rem' } }}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {common.cancel}
          </Button>
          <Button onClick={apply}>{texts.apply}</Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
