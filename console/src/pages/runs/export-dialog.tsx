/** Exports the rows of a run: any format, any columns, with progress for large files. */
import { Button, Checkbox, Group, Progress, Radio, ScrollArea, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import {
  exportFormatNames,
  type CsvStyle,
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
import { keepExportStyle, lastExportStyle } from './export-style.ts';
import { useExportDownload } from './use-export-download.ts';

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

export function ExportDialog({ run, query, onClose }: ExportDialogProps): ReactNode {
  const { run: texts, results, common } = useTexts();
  const [isOnlyShown, setOnlyShown] = useState(true);
  const [{ format, csv }, setStyle] = useState(lastExportStyle);
  const [keys, setKeys] = useState<readonly string[]>();
  const { data: headers = [] } = useQuery(headersQuery(run.slug, !isFinished(run.status)));
  const { make, isMaking, progress, failure, download, forget } = useExportDownload(run.slug);
  return (
    <Dialog opened onClose={onClose} title={texts.exportTitle}>
      <Stack>
        <Choice
          headers={headers}
          format={format}
          onFormat={(value) => {
            setStyle({ format: value, csv });
            forget();
          }}
          keys={keys}
          onKeys={(value) => {
            setKeys(value);
            forget();
          }}
        />
        {format === 'csv' && (
          <CsvChoice
            style={csv}
            onStyle={(value) => {
              setStyle({ format, csv: value });
              forget();
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
              forget();
            }}
          />
        )}
        {failure !== null && <ErrorNotice error={failure} />}
        {(isMaking || progress !== undefined) && failure === null && <Making progress={progress} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {common.close}
          </Button>
          {download === undefined ? (
            <Button
              loading={isMaking}
              disabled={keys?.length === 0}
              onClick={() => {
                keepExportStyle({ format, csv });
                make({ format, keys: keys ?? [], csv, rows: isOnlyShown ? query : {} });
              }}
            >
              {texts.exportStart}
            </Button>
          ) : (
            <Button onClick={download}>{texts.exportAgain}</Button>
          )}
        </Group>
      </Stack>
    </Dialog>
  );
}
