/** The rows of a run as they arrive, as table or JSON, with a search, filters, an order and a choice of columns. */
import { Button, Group, Paper, SegmentedControl, Skeleton, Stack, Text } from '@mantine/core';
import { IconArrowDown } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useReducer, useRef, useState, type ReactNode } from 'react';
import { isEveryRow, type RowQuery } from '../../../api/row-queries.ts';
import {
  headersQuery,
  loadRows,
  placeQuery,
  rowNumber,
  rowsAtOnce,
  searchQuery,
  type ResultRow,
} from '../../../api/run-results.ts';
import { isFinished, type Run } from '../../../api/runs.ts';
import { EmptyState } from '../../../components/empty-state.tsx';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { formatCount } from '../../../components/figures.ts';
import type { LineScrollerHandle } from '../../../components/line-scroller.tsx';
import { SearchField } from '../../../components/search-field.tsx';
import { useLanguage, useTexts, type Texts } from '../../../texts/texts.tsx';
import { ColumnChooser, useHiddenColumns } from './column-chooser.tsx';
import { useColumnWidths } from './column-widths.ts';
import { Conditions } from './conditions.tsx';
import conditionClasses from './conditions.module.css';
import { CopyMenu } from './copy-menu.tsx';
import { JsonRows } from './json-rows.tsx';
import { ResultGrid } from './result-grid.tsx';
import { RowDrawer } from './row-drawer.tsx';

/** Upserts change existing rows, so visible rows are reloaded while the run is going on. */
const refreshMilliseconds = 2000;

interface ShownRows {
  readonly count: number;
  /** Number of rows searched so far, if not all. */
  readonly searched: number | undefined;
}

/** Number of rows to show. */
function useShownRows(run: Run, query: RowQuery): ShownRows & { readonly error: Error | null } {
  const { data, error } = useQuery(searchQuery(run.slug, query, !isFinished(run.status)));
  if (isEveryRow(query)) return { count: run.results, searched: undefined, error: null };
  const searched = data === undefined ? 0 : data.is_complete ? undefined : data.searched;
  // Sorted rows are listed only when all were searched.
  const count = query.sort !== undefined && searched !== undefined ? 0 : (data?.count ?? 0);
  return { count, searched, error };
}

/** Index of the opened row among the shown ones; undefined if none is opened, it is not among them, or that is not known yet. */
function useIndexOf(run: Run, query: RowQuery, opened: number | undefined): number | undefined {
  const everything = isEveryRow(query);
  const { data } = useQuery({
    ...placeQuery(run.slug, query, opened ?? 0, !isFinished(run.status)),
    enabled: opened !== undefined && !everything,
  });
  if (opened === undefined) return undefined;
  return everything ? opened - 1 : (data?.index ?? undefined);
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

function Count({ rows, total, query }: { rows: ShownRows; total: number; query: RowQuery }): ReactNode {
  const { run: texts } = useTexts();
  const { language } = useLanguage();
  const number = (value: number): string => formatCount(value, language);
  const { count, searched } = rows;
  const isNarrowed = query.search !== undefined || query.filter !== undefined;
  return (
    <Text size="xs" c="dimmed" aria-live={isNarrowed ? 'polite' : 'off'} style={{ flex: 'none' }}>
      {isNarrowed ? texts.foundRows(count, number(count)) : texts.rowCount(count, number(count))}
      {searched !== undefined && ` · ${texts.searchedSoFar(number(searched), number(total))}`}
    </Text>
  );
}

/** What is done while there is no row to show; undefined if there is none. */
function waitingText({ searched }: ShownRows, query: RowQuery, texts: Texts['run']): string | undefined {
  if (searched === undefined) return undefined;
  return query.sort === undefined ? texts.searching : texts.sorting;
}

interface ResultsPanelProps {
  readonly run: Run;
  /** From the address. */
  readonly query: RowQuery;
  /** Number of the opened row, from 1. */
  readonly opened: number | undefined;
  /** @param options.replace whether the back button skips the address before */
  readonly onQuery: (query: RowQuery, options: { readonly replace: boolean }) => void;
  readonly onOpened: (number: number | undefined) => void;
}

export function ResultsPanel({ run, query, opened, onQuery, onOpened }: ResultsPanelProps): ReactNode {
  const { run: texts, results: words } = useTexts();
  const isLive = !isFinished(run.status);
  const [form, setForm] = useState('table');
  const [hidden, setHidden] = useHiddenColumns(run.scraper_slug);
  const columnWidths = useColumnWidths(run.scraper_slug);
  const [isFollowing, setFollowing] = useState(false);
  const [selected, setSelected] = useState<ReadonlyMap<number, ResultRow>>(new Map());
  /** Number of rows that had arrived when the reader was last at the end. */
  const [seen, setSeen] = useState(run.results);
  const firstInSight = useRef(0);
  const scroller = useRef<LineScrollerHandle>(null);
  const { data: headers, error, refetch } = useQuery(headersQuery(run.slug, isLive));
  const rows = useShownRows(run, query);
  const client = useQueryClient();
  const indexOfOpened = useIndexOf(run, query, opened);
  const revision = useRevision(isLive);
  const onSight = useCallback((first: number, end: number) => {
    firstInSight.current = first;
    setSeen((known) => Math.max(known, end));
  }, []);
  const everything = isEveryRow(query);
  const name = JSON.stringify(query);
  const failure = error ?? rows.error;
  const change = (next: RowQuery): void => onQuery(next, { replace: false });
  if (failure !== null) {
    return (
      <Stack gap="xs">
        {headers !== undefined && <Conditions headers={headers} query={query} onQuery={change} />}
        <ErrorNotice error={failure} onRetry={() => void refetch()} />
      </Stack>
    );
  }
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
  const select = (row: ResultRow): void => {
    const number = rowNumber(row);
    const others = new Map(selected);
    if (!others.delete(number)) others.set(number, row);
    setSelected(others);
  };
  const open = (row: ResultRow, index: number): void => {
    const number = rowNumber(row);
    client.setQueryData(placeQuery(run.slug, query, number, isLive).queryKey, { index, isComplete: true });
    onOpened(number);
  };
  const move = async (index: number): Promise<void> => {
    const [row] = await loadRows(run.slug, query, { page: index, size: 1 });
    if (row !== undefined) open(row, index);
  };
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <div style={{ flex: 1, minWidth: '14rem' }}>
          <SearchField
            label={texts.searchResults}
            value={query.search ?? ''}
            maxLength={200}
            onSearch={(search) => {
              const { search: _before, ...rest } = query;
              onQuery({ ...rest, ...(search !== '' && { search }) }, { replace: true });
            }}
          />
        </div>
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
      <Group gap="sm" wrap="nowrap" className={conditionClasses['line']}>
        <Count rows={rows} total={run.results} query={query} />
        <Conditions headers={headers} query={query} onQuery={change} />
        <Group gap="xs" wrap="nowrap" ml="auto" style={{ flex: 'none' }}>
          {form === 'table' && everything && !isFollowing && (
            <NewRows
              count={isLive ? run.results - seen : 0}
              onClick={() => {
                scroller.current?.show(run.results);
                setFollowing(true);
              }}
            />
          )}
          {selected.size > 0 && (
            <Button size="compact-xs" variant="subtle" onClick={() => setSelected(new Map())}>
              {words.clearSelection}
            </Button>
          )}
          <CopyMenu
            slug={run.slug}
            columns={shown}
            selected={[...selected.values()]}
            loadPage={() => {
              const page = Math.floor(firstInSight.current / rowsAtOnce);
              return loadRows(run.slug, query, { page, size: rowsAtOnce });
            }}
          />
        </Group>
      </Group>
      {rows.count === 0 ? (
        <Paper withBorder>
          <EmptyState title={waitingText(rows, query, texts) ?? texts.noRowMatch} />
        </Paper>
      ) : form === 'json' ? (
        <JsonRows key={name} slug={run.slug} query={query} count={rows.count} hidden={hidden} />
      ) : shown.length === 0 ? (
        <Paper withBorder>
          <EmptyState title={texts.noColumns} />
        </Paper>
      ) : (
        <Paper withBorder style={{ overflow: 'hidden' }}>
          <ResultGrid
            key={name}
            handle={scroller}
            slug={run.slug}
            headers={shown}
            count={rows.count}
            query={query}
            onQuery={change}
            columnWidths={columnWidths}
            selected={new Set(selected.keys())}
            onSelect={select}
            revision={revision}
            isFollowing={isFollowing}
            onScrolled={(isAtEnd) => setFollowing(isAtEnd && isLive && everything)}
            onSight={onSight}
            onOpen={open}
          />
        </Paper>
      )}
      {opened !== undefined && (
        <RowDrawer
          slug={run.slug}
          number={opened}
          onPrevious={
            indexOfOpened === undefined || indexOfOpened === 0
              ? undefined
              : () => void move(indexOfOpened - 1)
          }
          onNext={
            indexOfOpened === undefined || indexOfOpened + 1 >= rows.count
              ? undefined
              : () => void move(indexOfOpened + 1)
          }
          onClose={() => onOpened(undefined)}
        />
      )}
    </Stack>
  );
}
