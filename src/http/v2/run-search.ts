/** Searches the rows of a run. An extension of the published API. */
import { Type } from 'typebox';
import { FoundRows } from '../../answers/results.ts';
import { chosenColumns } from '../../results/results.ts';
import { isFinished } from '../../runs/statuses.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { chosenKeys, keysOf, runScopes, textLimit } from './run-operations.ts';
import { paged, pageOf, PageQuery } from './shapes.ts';

const SearchQuery = Type.Object({
  search: Type.String({
    description: 'Text to search for in the values of a row, case-insensitive.',
    minLength: 1,
    maxLength: 200,
    examples: ['blue'],
  }),
  ...PageQuery.properties,
  filter_keys: chosenKeys,
  text_limit: textLimit,
});

export function addRunSearchOperations(app: ApiApp, context: ApiContext): void {
  const { results } = context;
  for (const scope of runScopes(context)) {
    app.get(
      `${scope.url}/result/search`,
      operation({
        id: `search${scope.noun}Results`,
        tag: 'worker-runs',
        summary: `Search ${scope.phrase} results`,
        description: `Returns the rows of a run that contain the text in any value, at any depth. The request searches for a limited time and returns what it found so far; repeat it until is_complete is true. An extension of the published API. ${scope.note}`,
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
          results.search(run, search, page, {
            isFinal: isFinished(run.status),
            textLimit: request.query.text_limit,
          }),
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
