/** The lines of a log that pass a filter. Only the visible ones are loaded and rendered. */
import { Tooltip } from '@mantine/core';
import { useCallback, useMemo, useState, type ReactNode, type Ref } from 'react';
import { linesAtOnce, loadLines, type LogFilter, type LogLine } from '../../../api/run-log.ts';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { LineScroller, type LineScrollerHandle } from '../../../components/line-scroller.tsx';
import { TerminalText } from '../../../components/terminal-text.tsx';
import { useWindows } from '../../../components/use-windows.ts';
import { useLanguage, useTexts } from '../../../texts/texts.tsx';
import classes from './log-lines.module.css';

const lineHeight = 20;
const levelClasses: Readonly<Record<number, string | undefined>> = {
  1: classes['debug'],
  3: classes['warn'],
  4: classes['error'],
};

interface LogLinesProps {
  readonly handle: Ref<LineScrollerHandle>;
  readonly slug: string;
  readonly filter: LogFilter;
  /** Number of lines that pass the filter. */
  readonly count: number;
  /** Words to mark. */
  readonly words: string;
  /** Index of the line that the search has reached. */
  readonly current: number | undefined;
  readonly isWrapped: boolean;
  readonly isFollowing: boolean;
  readonly onScrolled: (isAtEnd: boolean) => void;
  /** @param first index of the first visible line */
  readonly onFirst: (first: number) => void;
}

function Line({
  line,
  words,
  moment,
  className,
}: {
  readonly line: LogLine;
  readonly words: string;
  readonly moment: { readonly short: string; readonly exact: string };
  readonly className: string;
}): ReactNode {
  const { run: texts } = useTexts();
  return (
    <div className={className} data-line={line.number}>
      <span className={classes['number']} aria-hidden>
        {line.number}
      </span>
      <time
        className={classes['time']}
        title={moment.exact}
        dateTime={new Date(line.timestamp).toISOString()}
      >
        {moment.short}
      </time>
      <span className={classes['group']}>{line.group}</span>
      {line.source === 'platform' && (
        <span className={classes['source']} title={texts.platformLine}>
          Chela
        </span>
      )}
      <span className={classes['content']}>
        <TerminalText text={line.content} styles={line.styles} words={words} />
        {line.is_cut && (
          <Tooltip label={texts.cutLine}>
            <span> …</span>
          </Tooltip>
        )}
      </span>
    </div>
  );
}

/** Formats the times of lines in the reader's zone: the time of day, and the exact time. */
function useMoments(): (milliseconds: number) => { short: string; exact: string } {
  const { language } = useLanguage();
  return useMemo(() => {
    const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
    const short = new Intl.DateTimeFormat(language, { ...clock, fractionalSecondDigits: 3 });
    const exact = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'long' });
    return (milliseconds) => ({ short: short.format(milliseconds), exact: exact.format(milliseconds) });
  }, [language]);
}

export function LogLines(props: LogLinesProps): ReactNode {
  const { slug, filter, count, words, current, isWrapped, onFirst } = props;
  const { run: texts } = useTexts();
  const momentOf = useMoments();
  const [range, setRange] = useState({ first: 0, end: 0 });
  const load = useCallback(
    (page: number, signal: AbortSignal) => loadLines(slug, filter, page, signal),
    [slug, filter],
  );
  const { at, error, retry } = useWindows({ count, pageSize: linesAtOnce, ...range, load });
  const onRange = useCallback(
    (first: number, end: number) => {
      setRange((range) => (range.first === first && range.end === end ? range : { first, end }));
      onFirst(first);
    },
    [onFirst],
  );
  if (error !== null) return <ErrorNotice error={error} onRetry={retry} />;
  return (
    <LineScroller
      handle={props.handle}
      count={count}
      lineHeight={lineHeight}
      isWrapped={isWrapped}
      label={texts.tabs.log}
      className={`${classes['frame']} ${isWrapped ? classes['wrapped'] : ''}`}
      isFollowing={props.isFollowing}
      onScrolled={props.onScrolled}
      onRange={onRange}
    >
      {(index) => {
        const line = at(index);
        if (line === undefined) return <div key={index} className={classes['line']} />;
        const level = levelClasses[line.type] ?? '';
        return (
          <Line
            key={index}
            line={line}
            words={words}
            moment={momentOf(line.timestamp)}
            className={`${classes['line']} ${level} ${index === current ? classes['current'] : ''}`}
          />
        );
      }}
    </LineScroller>
  );
}
