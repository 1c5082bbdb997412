/** The rows of a run as they arrive, as table or JSON, with a search and a choice of columns. */
import { Button, Group, Paper, SegmentedControl, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconArrowDown, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useReducer, useRef, useState, type ReactNode } from 'react';
import { headersQuery, searchQuery } from '../../../api/run-results.ts';
import { isFinished, type Run } from '../../../api/runs.ts';
import { EmptyState } from '../../../components/empty-state.tsx';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { formatCount } from '../../../components/figures.ts';
import type { LineScrollerHandle } from '../../../components/line-scroller.tsx';
import { usePageKeys } from '../../../components/use-page-keys.ts';
import { useLanguage, useTexts } from '../../../texts/texts.tsx';
import { ColumnChooser, useHiddenColumns } from './column-chooser.tsx';
import { JsonRows } from './json-rows.tsx';
import { ResultGrid } from './result-grid.tsx';
import { RowDrawer } from './row-drawer.tsx';

const typingMilliseconds = 300;
/** Upserts change existing rows, so visible rows are reloaded while the run is going on. */
const refreshMilliseconds = 2000;

interface ShownRows {
  readonly count: number;
  /** Number of rows searched so far, if not all. */
  readonly searched: number | undefined;
}

/** Number of rows to show. */
function useShownRows(run: Run, words: string): ShownRows & { readonly error: Error | null } {
  const { data, error } = useQuery(searchQuery(run.slug, words, !isFinished(run.status)));
  if (words === '') return { count: run.results, searched: undefined, error: null };
  const searched = data === undefined ? 0 : data.is_complete ? undefined : data.searched;
  return { count: data?.count ?? 0, searched, error };
}

/** Changes at intervals while the run is going on, and once more when it has ended. */
function useRevision(isLive: boolean): string {
  const [tick, renew] = useReducer((value: number) => value + 1, 0);
  useEffect(() => {
    if (!isLive) return undefined;
    const timer = setInterval(renew, refreshMilliseconds);
    return () => clearInterval(timer);
  }, [isLive]);
  return isLive ? `live ${tick}` : 'final';
}

/** Number of rows that arrived since the reader was at the end. */
function NewRows({ count, onClick }: { readonly count: number; readonly onClick: () => void }): ReactNode {
  const { run: texts } = useTexts();
  const { language } = useLanguage();
  if (count <= 0) return null;
  return (
    <Button size="compact-xs" variant="light" rightSection={<IconArrowDown size={14} />} onClick={onClick}>
      {texts.newRows(count, formatCount(count, language))}
    </Button>
  );
}

function Count({ rows, total, words }: { rows: ShownRows; total: number; words: string }): ReactNode {
  const { run: texts } = useTexts();
  const { language } = useLanguage();
  const number = (value: number): string => formatCount(value, language);
  const { count, searched } = rows;
  return (
    <Text size="xs" c="dimmed" aria-live={words === '' ? 'off' : 'polite'}>
      {words === '' ? texts.rowCount(count, number(count)) : texts.foundRows(count, number(count))}
      {searched !== undefined && ` · ${texts.searchedSoFar(number(searched), number(total))}`}
    </Text>
  );
}

export function ResultsPanel({ run }: { readonly run: Run }): ReactNode {
  const { run: texts } = useTexts();
  const isLive = !isFinished(run.status);
  const [typed, setTyped] = useState('');
  const [words] = useDebouncedValue(typed.trim(), typingMilliseconds);
  const [form, setForm] = useState('table');
  const [hidden, setHidden] = useHiddenColumns(run.scraper_slug);
  const [isFollowing, setFollowing] = useState(false);
  const [opened, setOpened] = useState<number>();
  /** Number of rows that had arrived when the reader was last at the end. */
  const [seen, setSeen] = useState(run.results);
  const scroller = useRef<LineScrollerHandle>(null);
  const search = useRef<HTMLInputElement>(null);
  const { data: headers, error, refetch } = useQuery(headersQuery(run.slug, isLive));
  const rows = useShownRows(run, words);
  const revision = useRevision(isLive);
  const onEnd = useCallback((end: number) => setSeen((known) => Math.max(known, end)), []);
  usePageKeys({ '/': () => search.current?.focus() });
  const failure = error ?? rows.error;
  if (failure !== null) return <ErrorNotice error={failure} onRetry={() => void refetch()} />;
  if (headers === undefined) return <Skeleton h={320} />;
  if (run.results === 0) {
    return (
      <Paper withBorder>
        <EmptyState title={texts.noResultsTitle}>
          {isLive ? texts.noResultsLive : texts.noResultsEnded}
        </EmptyState>
      </Paper>
    );
  }
  const shown = headers.filter(({ key }) => !hidden.includes(key));
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <TextInput
          ref={search}
          flex={1}
          miw="14rem"
          leftSection={<IconSearch size={16} />}
          placeholder={texts.searchResults}
          aria-label={texts.searchResults}
          aria-keyshortcuts="/"
          value={typed}
          maxLength={200}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return;
            setTyped('');
            event.currentTarget.blur();
          }}
        />
        <SegmentedControl
          aria-label={texts.view}
          value={form}
          onChange={setForm}
          data={[
            { value: 'table', label: texts.tableView },
            { value: 'json', label: texts.jsonView },
          ]}
        />
        <ColumnChooser headers={headers} hidden={hidden} onChange={setHidden} />
      </Group>
      {rows.count === 0 ? (
        <Paper withBorder>
          <EmptyState title={rows.searched === undefined ? texts.noRowMatch : '…'} />
        </Paper>
      ) : form === 'json' ? (
        <JsonRows key={words} slug={run.slug} words={words} count={rows.count} hidden={hidden} />
      ) : shown.length === 0 ? (
        <Paper withBorder>
          <EmptyState title={texts.noColumns} />
        </Paper>
      ) : (
        <Paper withBorder style={{ overflow: 'hidden' }}>
          <ResultGrid
            key={words}
            handle={scroller}
            slug={run.slug}
            headers={shown}
            count={rows.count}
            words={words}
            revision={revision}
            isFollowing={isFollowing}
            onScrolled={(isAtEnd) => setFollowing(isAtEnd && isLive && words === '')}
            onEnd={onEnd}
            onOpen={setOpened}
          />
        </Paper>
      )}
      <Group justify="space-between" mih={22}>
        <Count rows={rows} total={run.results} words={words} />
        {form === 'table' && words === '' && !isFollowing && (
          <NewRows
            count={isLive ? run.results - seen : 0}
            onClick={() => {
              scroller.current?.show(run.results);
              setFollowing(true);
            }}
          />
        )}
      </Group>
      {opened !== undefined && (
        <RowDrawer
          slug={run.slug}
          words={words}
          index={opened}
          count={rows.count}
          onMove={setOpened}
          onClose={() => setOpened(undefined)}
        />
      )}
    </Stack>
  );
}
