/** The log of a run: jumps to any part of it, however long it is, with search and filter. */
import { Paper, Skeleton, Stack, Text } from '@mantine/core';
import { useDebouncedValue, useLocalStorage } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useMemo, useRef, useState, type ReactNode } from 'react';
import { logCountQuery, type LogFilter } from '../../../api/run-log.ts';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { formatCount } from '../../../components/figures.ts';
import type { LineScrollerHandle } from '../../../components/line-scroller.tsx';
import { usePageKeys } from '../../../components/use-page-keys.ts';
import { useLanguage, useTexts } from '../../../texts/texts.tsx';
import { LogLines } from './log-lines.tsx';
import { LogToolbar, type LogView } from './log-toolbar.tsx';
import { useLogSearch } from './use-log-search.ts';

const typingMilliseconds = 250;

interface LogPanelProps {
  readonly slug: string;
  /** Whether the run is still going on. */
  readonly isLive: boolean;
  /** Whether to show the last lines first. */
  readonly startsAtEnd: boolean;
  /** Words to search for at first. */
  readonly find: string | undefined;
  /** The subtask whose lines are shown; all if undefined. */
  readonly subtask: number | undefined;
  readonly onSubtask: (subtask: number | undefined) => void;
}

export function LogPanel({
  slug,
  isLive,
  startsAtEnd,
  find = '',
  subtask,
  onSubtask,
}: LogPanelProps): ReactNode {
  const { run: texts } = useTexts();
  const { language } = useLanguage();
  const [isWrapped, setWrapped] = useLocalStorage({
    key: 'chela.log-wrap',
    // Log lines are wider than a phone.
    defaultValue: window.matchMedia('(max-width: 48em)').matches,
    getInitialValueInEffect: false,
  });
  const [chosen, setChosen] = useState<Omit<LogView, 'subtask' | 'isWrapped'>>({
    words: find,
    isOnlyMatches: false,
    levels: [],
  });
  const view = { ...chosen, subtask, isWrapped };
  const [words] = useDebouncedValue(chosen.words.trim(), typingMilliseconds);
  const [isFollowing, setFollowing] = useState(startsAtEnd);
  const isNarrowed = chosen.isOnlyMatches && words !== '';
  const filter = useMemo<LogFilter>(
    () => ({
      levels: chosen.levels.toSorted((one, other) => one - other),
      subtask,
      words: isNarrowed ? words : '',
    }),
    [chosen.levels, subtask, isNarrowed, words],
  );
  const { data, error, refetch } = useQuery(logCountQuery(slug, filter, isLive));
  const scroller = useRef<LineScrollerHandle>(null);
  const search = useRef<HTMLInputElement>(null);
  const first = useRef(0);
  const onFirst = useCallback((index: number) => {
    first.current = index;
  }, []);
  const onFound = useCallback((index: number) => {
    setFollowing(false);
    scroller.current?.show(index);
  }, []);
  const found = useLogSearch({ slug, filter, words: isNarrowed ? '' : words, isLive, first, onFound });
  usePageKeys({ '/': () => search.current?.focus(), f: () => setFollowing(!isFollowing) });
  const change = (values: Partial<LogView>): void => {
    const { isWrapped: wraps, ...rest } = values;
    if ('subtask' in values) onSubtask(values.subtask);
    if (wraps !== undefined) setWrapped(wraps);
    if ('words' in rest || 'levels' in rest || 'isOnlyMatches' in rest) setChosen({ ...chosen, ...rest });
  };
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h={320} />;
  const total = data.lines.debug + data.lines.info + data.lines.warn + data.lines.error;
  const number = (value: number): string => formatCount(value, language);
  const more = found.isComplete ? '' : '+';
  const place =
    found.match === undefined
      ? found.isComplete && found.count === 0
        ? texts.noMatch
        : '…'
      : texts.matchOf(number(found.match.place), `${number(found.count)}${more}`);
  return (
    <Stack gap="xs">
      <LogToolbar
        slug={slug}
        view={view}
        onChange={change}
        lines={data.lines}
        isFollowing={isFollowing}
        onFollow={setFollowing}
        place={isNarrowed ? `${number(data.count)}${data.is_complete ? '' : '+'}` : place}
        onStep={found.go}
        search={search}
      />
      <Paper withBorder style={{ overflow: 'hidden' }}>
        {data.count === 0 ? (
          <Text c="dimmed" size="sm" p="md">
            {total === 0 ? texts.noLog : data.is_complete ? texts.noLogMatch : '…'}
          </Text>
        ) : (
          <LogLines
            key={JSON.stringify(filter)}
            handle={scroller}
            slug={slug}
            filter={filter}
            count={data.count}
            words={words}
            current={isNarrowed || found.match === undefined ? undefined : found.match.position - 1}
            isWrapped={isWrapped}
            isFollowing={isFollowing}
            onScrolled={(isAtEnd) => setFollowing(isAtEnd && isLive)}
            onFirst={onFirst}
          />
        )}
      </Paper>
      <Text size="xs" c="dimmed">
        {texts.lineCount(data.count, number(data.count))}
        {!data.is_complete && ` · ${texts.searchedSoFar(number(data.searched), number(total))}`}
      </Text>
    </Stack>
  );
}
