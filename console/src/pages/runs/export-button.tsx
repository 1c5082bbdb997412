/** Downloads the rows of a run: any format, any columns, with progress for large files. */
import { Button, Checkbox, Group, Progress, Radio, ScrollArea, SimpleGrid, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import {
  exportFormatNames,
  type CsvStyle,
  exportQuery,
  useExport,
  type ExportFormat,
  type ExportProgress,
} from '../../api/run-exports.ts';
import { isEveryRow, type RowQuery } from '../../api/row-queries.ts';
import { headersQuery, type ResultHeader } from '../../api/run-results.ts';
import { isFinished, type Run } from '../../api/runs.ts';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { formatCount } from '../../components/figures.ts';
import { useLanguage, useTexts } from '../../texts/texts.tsx';

/** The server sends the file as an attachment, so the page stays open. */
function download(url: string): void {
  const { pathname, search } = new URL(url);
  const anchor = document.createElement('a');
  anchor.href = `${pathname}${search}`;
  anchor.download = '';
  anchor.click();
}

interface ChoiceProps {
  readonly headers: readonly ResultHeader[];
  readonly format: ExportFormat;
  readonly onFormat: (format: ExportFormat) => void;
  /** All columns if undefined. */
  readonly keys: readonly string[] | undefined;
  readonly onKeys: (keys: readonly string[] | undefined) => void;
}

function Choice({ headers, format, onFormat, keys, onKeys }: ChoiceProps): ReactNode {
  const { run: texts } = useTexts();
  return (
    <>
      <Radio.Group label={texts.exportFormat} value={format} onChange={(value) => onFormat(value)}>
        <SimpleGrid cols={4} mt={6} spacing="xs" verticalSpacing={6}>
          {exportFormatNames.map((name) => (
            <Radio key={name} value={name} label={name} />
          ))}
        </SimpleGrid>
      </Radio.Group>
      <Stack component="fieldset" gap={6} m={0} p={0} bd={0} aria-label={texts.exportColumns}>
        <Checkbox
          label={texts.exportAllColumns}
          checked={keys === undefined}
          onChange={(event) =>
            onKeys(event.currentTarget.checked ? undefined : headers.map(({ key }) => key))
          }
        />
        {keys !== undefined && (
          <ScrollArea.Autosize mah={200} viewportProps={{ tabIndex: -1 }}>
            <Stack gap={6} p={4}>
              {headers.map(({ key, label }) => (
                <Checkbox
                  key={key}
                  size="sm"
                  label={label || key}
                  checked={keys.includes(key)}
                  onChange={() =>
                    onKeys(
                      headers
                        .map((header) => header.key)
                        .filter((other) => (other === key ? !keys.includes(key) : keys.includes(other))),
                    )
                  }
                />
              ))}
            </Stack>
          </ScrollArea.Autosize>
        )}
      </Stack>
    </>
  );
}

function CsvChoice({
  style,
  onStyle,
}: {
  readonly style: CsvStyle;
  readonly onStyle: (style: CsvStyle) => void;
}): ReactNode {
  const { run: texts } = useTexts();
  return (
    <Stack component="fieldset" gap={6} m={0} p={0} bd={0} aria-label="csv">
      <Checkbox
        label={texts.exportCsvSafe}
        description={texts.exportCsvSafeHint}
        checked={style.isSafe}
        onChange={(event) => onStyle({ ...style, isSafe: event.currentTarget.checked })}
      />
      <Checkbox
        label={texts.exportBom}
        description={texts.exportBomHint}
        checked={style.hasByteOrderMark}
        onChange={(event) => onStyle({ ...style, hasByteOrderMark: event.currentTarget.checked })}
      />
    </Stack>
  );
}

function Making({ progress }: { readonly progress: ExportProgress | undefined }): ReactNode {
  const { run: texts } = useTexts();
  const { language } = useLanguage();
  if (progress?.state === 'failed') {
    return (
      <Text size="sm" c="var(--mantine-color-red-light-color)" role="alert">
        {texts.exportFailed}: {progress.err_msg}
      </Text>
    );
  }
  const { rows_done: done = 0, rows = 0 } = progress ?? {};
  const isReady = progress?.state === 'ready';
  return (
    <Stack gap={4}>
      <Progress.Root size="lg">
        <Progress.Section
          value={isReady ? 100 : rows === 0 ? 0 : (done / rows) * 100}
          aria-label={texts.exportProgress}
        />
      </Progress.Root>
      <Text component="output" size="xs" c="dimmed">
        {isReady
          ? texts.exportReady
          : texts.exporting(formatCount(done, language), formatCount(rows, language))}
      </Text>
      {progress?.has_all_columns === false && (
        <Text size="xs" c="var(--mantine-color-orange-light-color)" role="alert">
          {texts.exportLacksColumns}
        </Text>
      )}
    </Stack>
  );
}

interface ExportDialogProps {
  readonly run: Run;
  /** The rows that the table shows. */
  readonly query: RowQuery;
  readonly onClose: () => void;
}

function ExportDialog({ run, query, onClose }: ExportDialogProps): ReactNode {
  const { run: texts, results, common } = useTexts();
  const [isOnlyShown, setOnlyShown] = useState(true);
  const [format, setFormat] = useState<ExportFormat>('csv');
  const [keys, setKeys] = useState<readonly string[]>();
  const [csv, setCsv] = useState<CsvStyle>({ isSafe: true, hasByteOrderMark: false });
  const [exportSlug, setExportSlug] = useState<string>();
  const downloaded = useRef<string>(undefined);
  const { data: headers = [] } = useQuery(headersQuery(run.slug, !isFinished(run.status)));
  const make = useExport(run.slug);
  const { data: progress, error } = useQuery(exportQuery(run.slug, exportSlug));
  useEffect(() => {
    if (progress?.state !== 'ready' || exportSlug === undefined || downloaded.current === exportSlug) return;
    downloaded.current = exportSlug;
    download(progress.download_url);
  }, [progress, exportSlug]);
  const isMaking = make.isPending || (exportSlug !== undefined && (progress?.state ?? 'queued') === 'queued');
  const change = (): void => {
    setExportSlug(undefined);
    downloaded.current = undefined;
  };
  const failure = make.error ?? error;
  return (
    <Dialog opened onClose={onClose} title={texts.exportTitle}>
      <Stack>
        <Choice
          headers={headers}
          format={format}
          onFormat={(value) => {
            setFormat(value);
            change();
          }}
          keys={keys}
          onKeys={(value) => {
            setKeys(value);
            change();
          }}
        />
        {format === 'csv' && (
          <CsvChoice
            style={csv}
            onStyle={(value) => {
              setCsv(value);
              change();
            }}
          />
        )}
        {!isEveryRow(query) && (
          <Checkbox
            label={results.exportShown}
            description={results.exportShownHint}
            checked={isOnlyShown}
            onChange={(event) => {
              setOnlyShown(event.currentTarget.checked);
              change();
            }}
          />
        )}
        {failure !== null && <ErrorNotice error={failure} />}
        {(isMaking || exportSlug !== undefined) && failure === null && <Making progress={progress} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {common.close}
          </Button>
          {progress?.state === 'ready' && exportSlug !== undefined ? (
            <Button onClick={() => download(progress.download_url)}>{texts.exportAgain}</Button>
          ) : (
            <Button
              loading={isMaking}
              disabled={keys?.length === 0}
              onClick={() =>
                make.mutate(
                  { format, keys: keys ?? [], csv, rows: isOnlyShown ? query : {} },
                  { onSuccess: setExportSlug },
                )
              }
            >
              {texts.exportStart}
            </Button>
          )}
        </Group>
      </Stack>
    </Dialog>
  );
}

export function ExportButton({ run, query }: Omit<ExportDialogProps, 'onClose'>): ReactNode {
  const { run: texts } = useTexts();
  const [isOpen, { open, close }] = useDisclosure();
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconDownload size={16} />}
        disabled={run.results === 0}
        onClick={open}
      >
        {texts.export}
      </Button>
      {isOpen && <ExportDialog run={run} query={query} onClose={close} />}
    </>
  );
}
