/** Loads a long list by pages as they come in sight, and keeps those around it only. */
import { useEffect, useReducer, useRef, useState } from 'react';

/** Pages kept beyond those in sight. */
const sparePages = 6;
/** Who drags the scroll bar passes pages that nobody wants to see. */
const restMilliseconds = 60;

interface Page<Item> {
  readonly items: readonly Item[];
  readonly revision: unknown;
}

interface WindowsOptions<Item> {
  readonly count: number;
  readonly pageSize: number;
  /** Items in sight, from 0; `end` is the one after the last. */
  readonly first: number;
  readonly end: number;
  /** Another value loads again what is in sight; until it is there, what was there stays. */
  readonly revision?: unknown;
  /** @param page from 0 */
  readonly load: (page: number, signal: AbortSignal) => Promise<readonly Item[]>;
}

export interface Windows<Item> {
  /** @returns undefined while it is on its way */
  readonly at: (index: number) => Item | undefined;
  readonly error: Error | null;
  readonly retry: () => void;
}

/** Another list has to be another component, by its key: pages are kept by their number. */
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
