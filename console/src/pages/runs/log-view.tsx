/** The newest lines of a run's log as they arrive, and the way to all of them. */
import { Anchor, Checkbox, Group, Paper, Select, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { logQuery, type LogLine } from '../../api/runs.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import classes from './log-view.module.css';

const lineHeight = 20;
const levelClasses: Readonly<Record<number, string | undefined>> = {
  1: classes['debug'],
  3: classes['warn'],
  4: classes['error'],
};

/** A link of the log's own server, whatever address the server thinks it has. */
function sameOrigin(url: string): string {
  const { pathname, search } = new URL(url);
  return `${pathname}${search}`;
}

function LogLines({
  lines,
  isFollowed,
}: {
  readonly lines: readonly LogLine[];
  readonly isFollowed: boolean;
}): ReactNode {
  const { runs: texts } = useTexts();
  const { language } = useLanguage();
  const frame = useRef<HTMLElement>(null);
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => frame.current,
    estimateSize: () => lineHeight,
    overscan: 20,
  });
  useEffect(() => {
    if (isFollowed && lines.length > 0) virtualizer.scrollToIndex(lines.length - 1, { align: 'end' });
  }, [isFollowed, lines.length, virtualizer]);
  const clock = useMemo(
    () => new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', second: '2-digit' }),
    [language],
  );
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
    <section ref={frame} className={classes['frame']} tabIndex={0} aria-label={texts.logTab}>
      <div className={classes['lines']} style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map(({ index, start }) => {
          const line = lines[index];
          if (line === undefined) return null;
          return (
            <div
              key={index}
              ref={virtualizer.measureElement}
              data-index={index}
              className={`${classes['line']} ${levelClasses[line.type] ?? ''}`}
              style={{ transform: `translateY(${start}px)` }}
            >
              <time className={classes['time']}>{clock.format(line.timestamp)}</time>
              <span className={classes['group']}>{line.group}</span>
              <span className={classes['content']}>{line.content}</span>
            </div>
          );
        })}
      </div>
    </section>
  );
}

export function LogView({ slug, isLive }: { readonly slug: string; readonly isLive: boolean }): ReactNode {
  const { runs: texts } = useTexts();
  const { data, error, refetch } = useQuery(logQuery(slug, isLive));
  const [words, setWords] = useState('');
  const [level, setLevel] = useState<string | null>(null);
  const [isFollowed, setFollowed] = useState(true);
  const lines = useMemo(() => {
    const wanted = words.toLowerCase();
    const isWanted = ({ type, content }: LogLine): boolean =>
      (level === null || type >= Number(level)) && content.toLowerCase().includes(wanted);
    return (data?.list ?? []).filter(isWanted);
  }, [data, words, level]);
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h={320} />;
  return (
    <Stack gap="sm">
      <Group gap="sm">
        <TextInput
          flex={1}
          miw={180}
          leftSection={<IconSearch size={16} />}
          placeholder={texts.searchLog}
          aria-label={texts.searchLog}
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
        <Select
          w={150}
          aria-label={texts.allLevels}
          placeholder={texts.allLevels}
          data={[2, 3, 4].map((value) => ({ value: String(value), label: `≥ ${texts.levels[value]}` }))}
          value={level}
          clearable
          onChange={setLevel}
        />
        <Checkbox
          label={texts.follow}
          checked={isFollowed}
          onChange={(event) => setFollowed(event.currentTarget.checked)}
        />
        <Anchor href={sameOrigin(data.all_logs_url)} target="_blank" size="sm">
          {texts.wholeLog}
        </Anchor>
      </Group>
      <Paper withBorder>
        {lines.length === 0 ? (
          <Text c="dimmed" size="sm" p="md">
            {data.list.length === 0 ? texts.noLog : texts.noLogMatch}
          </Text>
        ) : (
          <LogLines lines={lines} isFollowed={isFollowed && isLive} />
        )}
      </Paper>
    </Stack>
  );
}
