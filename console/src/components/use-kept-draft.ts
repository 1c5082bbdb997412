import { useEffect, useRef } from 'react';

const saveMilliseconds = 400;

/**
 * Saves a draft a moment after it changed, and when the page is left.
 * @param save must be the same function until the draft changes
 */
export function useKeptDraft(save: () => void): void {
  const latest = useRef<() => void>(undefined);
  useEffect(() => {
    latest.current = save;
    const timer = setTimeout(save, saveMilliseconds);
    return () => clearTimeout(timer);
  }, [save]);
  useEffect(() => {
    const saveNow = (): void => latest.current?.();
    window.addEventListener('pagehide', saveNow);
    return () => {
      window.removeEventListener('pagehide', saveNow);
      saveNow();
    };
  }, []);
}
