/** Widths of columns that the reader dragged; remembered per worker in this browser. */
import { useLocalStorage } from '@mantine/hooks';
import { useMemo } from 'react';

const narrowest = 60;
const broadest = 1200;
/** Widths remembered for one worker. */
const maxRemembered = 500;

type Widths = readonly (readonly [key: string, width: number])[];

export interface ColumnWidths {
  readonly widths: ReadonlyMap<string, number>;
  /** @param width in pixels; undefined for the usual one */
  readonly setWidth: (key: string, width: number | undefined) => void;
}

function isWidth(entry: unknown): entry is [string, number] {
  return Array.isArray(entry) && typeof entry[0] === 'string' && Number.isFinite(entry[1]);
}

export function useColumnWidths(workerSlug: string): ColumnWidths {
  const [stored, setStored] = useLocalStorage<Widths>({
    key: `chela.column-widths.${workerSlug}`,
    defaultValue: [],
    getInitialValueInEffect: false,
  });
  // The stored value is untrusted.
  const widths = useMemo(() => new Map(Array.isArray(stored) ? stored.filter(isWidth) : []), [stored]);
  return {
    widths,
    setWidth: (key, width) => {
      const others = [...widths].filter(([name]) => name !== key).slice(-maxRemembered);
      const clamped =
        width === undefined ? undefined : Math.min(Math.max(Math.round(width), narrowest), broadest);
      setStored(clamped === undefined ? others : [...others, [key, clamped]]);
    },
  };
}
