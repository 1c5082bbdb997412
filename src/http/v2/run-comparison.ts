/** Compares the rows of two runs. An extension of the published API. */
import { Type } from 'typebox';
import { exampleRunSlug } from '../../answers/examples.ts';
import { RunComparison } from '../../answers/run-comparison.ts';
import { ChelaError } from '../../errors.ts';
import { comparedRowLimit } from '../../results/results.ts';
import { type RowChange, rowChanges } from '../../results/row-changes.ts';
import type { RunRecord } from '../../runs/runs.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { pageOf, paged, PageQuery, RunParams } from './shapes.ts';

const anyChange = `(${rowChanges.join('|')})`;
const defaultChanges: readonly RowChange[] = ['added', 'removed', 'changed'];

const ComparisonQuery = Type.Object({
  ...PageQuery.properties,
  other: Type.String({
    description: 'Slug of the run to compare with, such as an earlier one.',
    examples: [exampleRunSlug],
  }),
  key: Type.String({
    description: 'Key of the column that identifies a row, such as url.',
    minLength: 1,
    maxLength: 1000,
    examples: ['url'],
  }),
  change: Type.Optional(
    Type.String({
      description: `Comma-separated changes to list: ${rowChanges.join(', ')}. Default: ${defaultChanges.join(',')}.`,
      pattern: `^${anyChange}(,${anyChange}){0,${rowChanges.length - 1}}$`,
      examples: ['changed'],
    }),
  ),
});

function changesOf(list: string | undefined): readonly RowChange[] {
  const named = list?.split(',');
  return named === undefined ? defaultChanges : rowChanges.filter((change) => named.includes(change));
}

export function addRunComparisonOperation(app: ApiApp, { runs, results }: ApiContext): void {
  const find = async (accountId: number, slug: string): Promise<RunRecord> => {
    const run = await runs.read.bySlug(accountId, slug);
    if (run === undefined) throw new ChelaError('NOT_FOUND', `run ${slug} does not exist`);
    return run;
  };
  app.get(
    '/worker-runs/:runId/comparison',
    operation({
      id: 'compareWorkerRuns',
      tag: 'worker-runs',
      summary: 'Compare worker runs',
      description: `Compares the rows of two runs by the value of a column: which were added, removed and changed. The first ${comparedRowLimit.toLocaleString('en')} rows of each run are compared. An extension of the published API.`,
      params: RunParams,
      querystring: ComparisonQuery,
      data: RunComparison,
    }),
    async (request) => {
      const { accountId, query } = request;
      const [run, other] = [await find(accountId, request.params.runId), await find(accountId, query.other)];
      const page = pageOf(query);
      const changes = changesOf(query.change);
      const { counts, ours, theirs, list } = await results.compare(run, other, query.key, {
        changes,
        ...page,
      });
      const entries = list.map(({ change, row, otherRow, changedColumns }) => ({
        change,
        ...(row && { row }),
        ...(otherRow && { other_row: otherRow }),
        changed_columns: [...changedColumns],
      }));
      const count = changes.reduce((sum, change) => sum + counts[change], 0);
      return success(request, {
        key: query.key,
        run: sideShape(run, ours),
        other: sideShape(other, theirs),
        ...counts,
        ...paged({ count, list: entries }, page),
      });
    },
  );
}

function sideShape(
  { result_count: rows }: RunRecord,
  { compared, withoutKey, repeated }: { compared: number; withoutKey: number; repeated: number },
) {
  return { rows, compared, without_key: withoutKey, repeated };
}
