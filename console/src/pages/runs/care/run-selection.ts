/** Which of the listed runs are selected. */
import { useState } from 'react';

export interface RunSelection {
  readonly slugs: ReadonlySet<string>;
  readonly toggle: (slugs: readonly string[], isSelected: boolean) => void;
}

export function useRunSelection(): RunSelection & { readonly clear: () => void } {
  const [slugs, setSlugs] = useState<ReadonlySet<string>>(new Set());
  return {
    slugs,
    toggle: (given, isSelected) =>
      setSlugs((before) => (isSelected ? before.union(new Set(given)) : before.difference(new Set(given)))),
    clear: () => setSlugs(new Set()),
  };
}
