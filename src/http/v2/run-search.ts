/** Finding words in the rows of a run. An extension of the published API. */
import { Type } from 'typebox';
import { chosenColumns } from '../../results/results.ts';
import { isFinished } from '../../runs/statuses.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { chosenKeys, keysOf, runScopes } from './run-operations.ts';
import { paged, pageOf, PageQuery, ResultPage } from './shapes.ts';

const SearchQuery = Type.Object({
  search: Type.String({
    description: 'Words that a value of the row contains, whatever their case.',
    minLength: 1,
    maxLength: 200,
    examples: ['blue'],
  }),
  ...PageQuery.properties,
  filter_keys: chosenKeys,
});

const FoundRows = Type.Object(
  {
    ...ResultPage.properties,
    count: Type.Integer({ description: 'Rows found among those looked at so far.', examples: [1] }),
    searched: Type.Integer({
      description: 'Rows looked at so far. Asking again looks on.',
      examples: [20_000],
    }),
    total: Type.Integer({ description: 'Rows of the run.', examples: [20_000] }),
    is_complete: Type.Boolean({ description: 'Whether all rows were looked at, so that count is final.' }),
  },
  { title: 'FoundRows', description: 'A page of the rows that were found' },
);

export function addRunSearchOperations(app: ApiApp, context: ApiContext): void {
  const { results } = context;
  for (const scope of runScopes(context)) {
    app.get(
      `${scope.url}/result/search`,
      operation({
        id: `search${scope.noun}Results`,
        tag: 'worker-runs',
        summary: `Search ${scope.phrase} results`,
        description: `Rows of a run that have the words in one of their values, at any depth. It looks through the rows for a moment and answers what it found: ask again until is_complete. An extension of the published API. ${scope.note}`,
        params: scope.params,
        querystring: SearchQuery,
        data: FoundRows,
      }),
      async (request) => {
        const run = await scope.find(request);
        const { search, filter_keys: keys } = request.query;
        const page = pageOf(request.query);
        const [headers, found] = await Promise.all([
          results.headers(run),
          results.search(run, search, page, isFinished(run.status)),
        ]);
        const list = chosenColumns(found.list, keysOf(keys));
        return success(request, {
          ...paged({ count: found.count, list }, page),
          headers,
          searched: found.searched,
          total: run.result_count,
          is_complete: found.searched >= run.result_count,
        });
      },
    );
  }
}
