/** Exports the rows that the table shows: in the format of the last export with one click, or with options. */
import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications, type NotificationData } from '@mantine/notifications';
import { IconChevronDown, IconDownload } from '@tabler/icons-react';
import { useEffect, useState, type ReactNode } from 'react';
import type { RowQuery } from '../../api/row-queries.ts';
import type { Run } from '../../api/runs.ts';
import { formatCount } from '../../components/figures.ts';
import { useLanguage, useTexts, type Texts } from '../../texts/texts.tsx';
import { ExportDialog } from './export-dialog.tsx';
import { lastExportStyle } from './export-style.ts';
import { useExportDownload, type ExportDownload } from './use-export-download.ts';

interface ExportButtonProps {
  readonly run: Run;
  /** The rows that the table shows. */
  readonly query: RowQuery;
}

/** What there is to tell about a file: why there is none, how far it is, or what it lacks. */
function noticeOf(
  { progress, failure }: ExportDownload,
  texts: Texts['run'],
  language: string,
): NotificationData | undefined {
  if (failure !== null) return { color: 'red', message: failure.message };
  if (progress === undefined) return undefined;
  if (progress.state === 'failed')
    return { color: 'red', message: `${texts.exportFailed}: ${progress.err_msg}` };
  if (progress.state === 'queued') {
    const [done, rows] = [progress.rows_done, progress.rows].map((count) => formatCount(count, language));
    return { message: texts.exporting(done ?? '', rows ?? ''), loading: true, autoClose: false };
  }
  return progress.has_all_columns ? undefined : { color: 'orange', message: texts.exportLacksColumns };
}

function useNotice(id: string, notice: NotificationData | undefined): void {
  const name = JSON.stringify(notice);
  useEffect(() => {
    if (name === undefined) {
      notifications.hide(id);
      return;
    }
    const data = { loading: false, autoClose: undefined, ...(JSON.parse(name) as NotificationData), id };
    // Each does nothing where the other has an effect.
    notifications.update(data);
    notifications.show(data);
  }, [id, name]);
  useEffect(() => () => void notifications.hide(id), [id]);
}

export function ExportButton({ run, query }: ExportButtonProps): ReactNode {
  const { run: texts } = useTexts();
  const { language } = useLanguage();
  const [isOpen, { open, close }] = useDisclosure();
  const [style, setStyle] = useState(lastExportStyle);
  const file = useExportDownload(run.slug);
  useNotice(`export ${run.slug}`, noticeOf(file, texts, language));
  const isEmpty = run.results === 0;
  return (
    <>
      <Button.Group>
        <Button
          variant="default"
          leftSection={<IconDownload size={16} />}
          disabled={isEmpty}
          loading={file.isMaking}
          onClick={() => file.make({ ...style, keys: [], rows: query })}
        >
          {texts.exportAs(style.format)}
        </Button>
        <Button
          variant="default"
          px="xs"
          disabled={isEmpty}
          aria-label={texts.exportOptions}
          aria-haspopup="dialog"
          onClick={open}
        >
          <IconChevronDown size={16} />
        </Button>
      </Button.Group>
      {isOpen && (
        <ExportDialog
          run={run}
          query={query}
          onClose={() => {
            close();
            setStyle(lastExportStyle());
          }}
        />
      )}
    </>
  );
}
