/** Loads a long list page by page as pages become visible, and keeps only those nearby. */
import { useEffect, useReducer, useRef, useState } from 'react';

/** Number of pages to keep beyond the visible ones. */
const sparePages = 6;
/** Dragging the scroll bar passes many pages; only those where it rests are loaded. */
const restMilliseconds = 60;

interface Page<Item> {
  readonly items: readonly Item[];
  readonly revision: unknown;
}

interface WindowsOptions<Item> {
  readonly count: number;
  readonly pageSize: number;
  /** Visible items, 0-based; `end` is the one after the last. */
  readonly first: number;
  readonly end: number;
  /** A new value reloads the visible items; the loaded ones stay until then. */
  readonly revision?: unknown;
  /** @param page 0-based */
  readonly load: (page: number, signal: AbortSignal) => Promise<readonly Item[]>;
}

export interface Windows<Item> {
  /** @returns undefined while it is loading */
  readonly at: (index: number) => Item | undefined;
  readonly error: Error | null;
  readonly retry: () => void;
}

/** Pages are cached by number, so give the component a different key for a different list. */
export function useWindows<Item>(options: WindowsOptions<Item>): Windows<Item> {
  const { count, pageSize, first, end, revision, load } = options;
  const pages = useRef(new Map<number, Page<Item>>());
  const loading = useRef(new Set<string>());
  const unmounted = useRef(new AbortController());
  const [, renew] = useReducer((value: number) => value + 1, 0);
  const [error, setError] = useState<Error | null>(null);
  const [attempt, setAttempt] = useState(0);
  const firstPage = Math.floor(first / pageSize);
  const lastPage = Math.max(firstPage, Math.ceil(Math.min(end, count) / pageSize) - 1);

  useEffect(() => {
    unmounted.current = new AbortController();
    const { current } = unmounted;
    const { current: underWay } = loading;
    return () => {
      current.abort();
      underWay.clear();
    };
  }, []);

  useEffect(() => {
    const { signal } = unmounted.current;
    const loadPage = async (page: number): Promise<void> => {
      const wanted = Math.min(pageSize, count - page * pageSize);
      const found = pages.current.get(page);
      if (wanted <= 0) return;
      if (found !== undefined && found.revision === revision && found.items.length >= wanted) return;
      const name = `${page} ${wanted} ${String(revision)} ${attempt}`;
      if (loading.current.has(name)) return;
      loading.current.add(name);
      try {
        const items = await load(page, signal);
        if (signal.aborted) return;
        pages.current.set(page, { items, revision });
        setError(null);
        renew();
      } catch (failure) {
        if (!signal.aborted) setError(failure as Error);
      } finally {
        loading.current.delete(name);
      }
    };
    const start = (): void => {
      for (const page of pages.current.keys()) {
        if (page < firstPage - sparePages / 2 || page > lastPage + sparePages / 2) pages.current.delete(page);
      }
      for (let page = firstPage; page <= lastPage; page += 1) void loadPage(page);
    };
    if (pages.current.size === 0) {
      start();
      return undefined;
    }
    const timer = setTimeout(start, restMilliseconds);
    return () => clearTimeout(timer);
  }, [count, pageSize, firstPage, lastPage, revision, load, attempt]);

  return {
    at: (index) => pages.current.get(Math.floor(index / pageSize))?.items[index % pageSize],
    error,
    retry: () => setAttempt(attempt + 1),
  };
}
