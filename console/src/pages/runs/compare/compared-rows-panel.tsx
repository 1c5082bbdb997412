/** The rows of two runs that differ, by the value of a column. */
import { Group, Paper, SegmentedControl, Select, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import {
  comparedRowsPage,
  comparisonQuery,
  rowChanges,
  type RowChange,
  type RunComparison,
} from '../../../api/run-comparison.ts';
import { headersQuery } from '../../../api/run-results.ts';
import { isFinished, type Run } from '../../../api/runs.ts';
import { EmptyState } from '../../../components/empty-state.tsx';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { formatCount } from '../../../components/figures.ts';
import { ListPager } from '../../../components/list-pager.tsx';
import { useLanguage, useTexts } from '../../../texts/texts.tsx';
import { ComparedTable } from './compared-table.tsx';

/** Columns whose names say that they identify a row. */
const identifying = /^(?:id|key|url|link|sku|asin|slug)$/i;

interface Choice {
  readonly key?: string;
  readonly change?: RowChange | undefined;
  readonly page?: number;
}

interface ComparedRowsPanelProps {
  readonly run: Run;
  readonly other: Run;
  /** The column by which rows are paired; undefined until the reader chooses one. */
  readonly column: string | undefined;
  readonly change: RowChange | undefined;
  readonly page: number;
  readonly onChoose: (choice: Choice) => void;
}

/** Rows that were not compared, or not as pairs, said in sentences. */
function Bounds({ compared }: { readonly compared: RunComparison }): ReactNode {
  const { compare: texts } = useTexts();
  const { language } = useLanguage();
  const { key, run, other } = compared;
  const count = (value: number): string => formatCount(value, language);
  const isCut = run.compared < run.rows || other.compared < other.rows;
  const notes = [
    ...(isCut ? [texts.onlyFirst(count(Math.max(run.compared, other.compared)))] : []),
    ...(run.without_key + other.without_key > 0
      ? [texts.withoutKey(key, count(other.without_key), count(run.without_key))]
      : []),
    ...(run.repeated + other.repeated > 0
      ? [texts.repeated(key, count(other.repeated), count(run.repeated))]
      : []),
  ];
  return notes.map((note) => (
    <Text key={note} size="sm" c="dimmed">
      {note}
    </Text>
  ));
}

function Found({
  compared,
  labels,
  change,
  page,
  onChoose,
}: Pick<ComparedRowsPanelProps, 'change' | 'page' | 'onChoose'> & {
  readonly compared: RunComparison;
  readonly labels: ReadonlyMap<string, string>;
}): ReactNode {
  const { compare: texts } = useTexts();
  const { language } = useLanguage();
  const differing = compared.added + compared.removed + compared.changed;
  const choices = [
    { value: '', label: texts.differing(formatCount(differing, language)) },
    ...rowChanges.map((value) => ({
      value,
      label: texts.changes[value](formatCount(compared[value], language)),
    })),
  ];
  return (
    <>
      <SegmentedControl
        data={choices}
        value={change ?? ''}
        aria-label={texts.rows}
        style={{ alignSelf: 'flex-start', flexWrap: 'wrap' }}
        onChange={(value) => onChoose({ change: rowChanges.find((known) => known === value) })}
      />
      <Bounds compared={compared} />
      {compared.count === 0 && (
        <EmptyState title={change === undefined ? texts.noDifferences : texts.noRows} />
      )}
      {compared.list.length > 0 && <ComparedTable compared={compared} labels={labels} />}
      {compared.count > comparedRowsPage && (
        <ListPager
          count={compared.count}
          page={page}
          size={comparedRowsPage}
          onPage={(next) => onChoose({ page: next })}
        />
      )}
    </>
  );
}

export function ComparedRowsPanel({ run, other, column, ...view }: ComparedRowsPanelProps): ReactNode {
  const { compare: texts } = useTexts();
  const ours = useQuery(headersQuery(run.slug, !isFinished(run.status)));
  const theirs = useQuery(headersQuery(other.slug, !isFinished(other.status)));
  const labels = new Map(
    [...(theirs.data ?? []), ...(ours.data ?? [])].map(({ key, label }) => [key, label]),
  );
  const keys = [...labels.keys()];
  const isReady = ours.data !== undefined && theirs.data !== undefined;
  const key = column ?? keys.find((name) => identifying.test(name)) ?? keys[0];
  const { change, page } = view;
  const compared = useQuery({
    ...comparisonQuery({ run: run.slug, other: other.slug, key: key ?? '', change, page }),
    enabled: isReady && key !== undefined,
  });
  const error = ours.error ?? theirs.error ?? compared.error;
  return (
    <Paper withBorder p="md" component="section" aria-label={texts.rows}>
      <Stack gap="sm">
        <Group justify="space-between" align="flex-end">
          <Title order={2} size="h4">
            {texts.rows}
          </Title>
          {key !== undefined && (
            <Select
              label={texts.key}
              data={keys.map((value) => ({ value, label: labels.get(value) || value }))}
              value={key}
              searchable
              allowDeselect={false}
              onChange={(chosen) => {
                if (chosen !== null) view.onChoose({ key: chosen });
              }}
            />
          )}
        </Group>
        {error !== null && <ErrorNotice error={error} onRetry={() => void compared.refetch()} />}
        {isReady && key === undefined && <EmptyState title={texts.noColumns} />}
        {(!isReady || (key !== undefined && compared.data === undefined)) && error === null && (
          <Skeleton h={240} />
        )}
        {compared.data !== undefined && <Found compared={compared.data} labels={labels} {...view} />}
      </Stack>
    </Paper>
  );
}
