/** Moves from one match to the next. */
import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';
import { findMatch, matchCountQuery, type LogFilter, type LogMatch } from '../../../api/run-log.ts';

interface LogSearch {
  readonly match: LogMatch | undefined;
  /** Matches found so far. */
  readonly count: number;
  readonly isComplete: boolean;
  /** @param step 1 for the next match, -1 for the previous one */
  readonly go: (step: 1 | -1) => void;
}

interface LogSearchOptions {
  readonly slug: string;
  /** Filter of the shown lines. */
  readonly filter: LogFilter;
  /** `''` for no search. */
  readonly words: string;
  readonly isLive: boolean;
  /** Index of the first visible line. */
  readonly first: RefObject<number>;
  /** @param index of the line */
  readonly onFound: (index: number) => void;
}

export function useLogSearch(options: LogSearchOptions): LogSearch {
  const { slug, filter, words, isLive, first, onFound } = options;
  const [found, setFound] = useState<{ filter: LogFilter; words: string; match: LogMatch }>();
  const looking = useRef(new AbortController());
  const { data } = useQuery(matchCountQuery(slug, { ...filter, words }, isLive));

  const look = useCallback(
    async (places: readonly ({ first: number } | { from_position: number })[]): Promise<void> => {
      looking.current.abort();
      looking.current = new AbortController();
      const { signal } = looking.current;
      try {
        for (const place of places) {
          const next = await findMatch(slug, { ...filter, words }, place, signal);
          if (signal.aborted) return;
          if (next === undefined) continue;
          setFound({ filter, words, match: next });
          onFound(next.position - 1);
          return;
        }
      } catch {
        // The match count fails for the same reason, shows the error, and retries.
      }
    },
    [slug, filter, words, onFound],
  );

  useEffect(() => {
    // From the first visible line to the end, then from the start.
    if (words !== '') void look([{ from_position: first.current + 1 }, { first: 1 }]);
    return () => looking.current.abort();
  }, [words, look, first]);

  // A match for other words or another filter does not count.
  const match = found?.words === words && found.filter === filter ? found.match : undefined;
  const go = useCallback(
    (step: 1 | -1): void => {
      if (match === undefined) return void look([{ first: 1 }]);
      if (step === 1) return void look([{ first: match.place + 1 }, { first: 1 }]);
      return void look([{ first: match.place === 1 ? -1 : match.place - 1 }]);
    },
    [match, look],
  );

  return { match, count: data?.count ?? 0, isComplete: data?.is_complete ?? false, go };
}
