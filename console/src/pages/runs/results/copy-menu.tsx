/** Copies the selected rows, or those in sight, in a form to paste elsewhere. */
import { Button, Menu } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconCopy } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { cutKey, loadRow, rowNumber, type ResultHeader, type ResultRow } from '../../../api/run-results.ts';
import { noteSessionRefusal } from '../../../api/session.ts';
import { formatCount } from '../../../components/figures.ts';
import { useLanguage, useTexts } from '../../../texts/texts.tsx';
import { copiedRows, copyFormats, type CopyFormat } from './copied-rows.ts';

interface CopyMenuProps {
  readonly slug: string;
  readonly columns: readonly ResultHeader[];
  /** Empty for the rows in sight. */
  readonly selected: readonly ResultRow[];
  /** The rows in sight. */
  readonly loadPage: () => Promise<readonly ResultRow[]>;
}

/** The table has only the start of long texts. */
async function whole(slug: string, row: ResultRow): Promise<ResultRow> {
  return Object.hasOwn(row, cutKey) ? loadRow(slug, rowNumber(row)) : row;
}

export function CopyMenu({ slug, columns, selected, loadPage }: CopyMenuProps): ReactNode {
  const { results: texts } = useTexts();
  const { language } = useLanguage();
  const [isCopying, setCopying] = useState(false);
  const clipboard = useClipboard();
  const client = useQueryClient();
  const copy = async (format: CopyFormat): Promise<void> => {
    setCopying(true);
    try {
      const shown = selected.length > 0 ? selected : await loadPage();
      const rows: ResultRow[] = [];
      for (const row of shown) rows.push(await whole(slug, row));
      clipboard.copy(copiedRows(rows, columns, format));
      notifications.show({ message: texts.copied(rows.length, formatCount(rows.length, language)) });
    } catch (error) {
      if (noteSessionRefusal(client, error)) return;
      notifications.show({ color: 'red', message: (error as Error).message });
    } finally {
      setCopying(false);
    }
  };
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button size="compact-xs" variant="subtle" loading={isCopying} leftSection={<IconCopy size={14} />}>
          {selected.length === 0
            ? texts.copyPage
            : texts.copySelected(formatCount(selected.length, language))}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {copyFormats.map((format) => (
          <Menu.Item key={format} onClick={() => void copy(format)}>
            {texts.copyFormats[format]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
