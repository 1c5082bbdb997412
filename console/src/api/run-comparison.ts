/** The rows of two runs, compared by the server. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { RunComparison } from '../../../src/answers/run-comparison.ts';
import type { RowChange } from '../../../src/results/row-changes.ts';
import { call } from './client.ts';
import { runPath, runsKey } from './runs.ts';

export type { ComparedRows, RunComparison } from '../../../src/answers/run-comparison.ts';
export { rowChanges, type RowChange } from '../../../src/results/row-changes.ts';

export interface ComparisonRequest {
  readonly run: string;
  readonly other: string;
  /** The column by which rows are paired. */
  readonly key: string;
  /** Added, removed and changed rows if undefined. */
  readonly change: RowChange | undefined;
  readonly page: number;
}

export const comparedRowsPage = 50;

export function comparisonQuery({ run, other, key, change, page }: ComparisonRequest) {
  return queryOptions({
    queryKey: [...runsKey, run, 'comparison', { other, key, change, page }],
    queryFn: ({ signal }) =>
      call<RunComparison>(`${runPath(run)}/comparison`, {
        query: { other, key, change, offset: page, limit: comparedRowsPage },
        signal,
        isLossless: true,
      }),
    // Comparing would copy the long numbers, because they are objects.
    structuralSharing: false,
    placeholderData: keepPreviousData,
  });
}
