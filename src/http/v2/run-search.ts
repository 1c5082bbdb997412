/** Searches and sorts the rows of a run, step by step. An extension of the published API. */
import { Type } from 'typebox';
import { FoundRows } from '../../answers/results.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { operation } from '../operation.ts';
import { optionalSearch, orderAndFilter, selectionOf } from './row-selection.ts';
import { chosenKeys, keysOf, runScopes, answerWithSelected, textLimit } from './run-operations.ts';
import { pageOf, PageQuery } from './shapes.ts';

const SearchQuery = Type.Object({
  search: optionalSearch,
  ...orderAndFilter,
  ...PageQuery.properties,
  filter_keys: chosenKeys,
  text_limit: textLimit,
  place_of: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 2_147_483_647,
      description: 'Number of a row of the run, from 1, whose place among the selected rows is wanted.',
      examples: [3],
    }),
  ),
});

export function addRunSearchOperations(app: ApiApp, context: ApiContext): void {
  for (const scope of runScopes(context)) {
    app.get(
      `${scope.url}/result/search`,
      operation({
        id: `search${scope.noun}Results`,
        tag: 'worker-runs',
        summary: `Search ${scope.phrase} results`,
        description: `Returns the rows of a run that contain a text in any value, or that meet conditions. The request searches only for a moment and returns what it found so far; repeat it until is_complete is true. Sorted rows are returned only then. An extension of the published API. ${scope.note}`,
        params: scope.params,
        querystring: SearchQuery,
        data: FoundRows,
      }),
      async (request, reply) => {
        const run = await scope.find(request);
        const { filter_keys: keys, text_limit: limit, place_of: placeOf } = request.query;
        const selection = selectionOf(request.query);
        const selected = {
          run,
          selection,
          page: pageOf(request.query),
          keys: keysOf(keys),
          textLimit: limit,
          placeOf,
        };
        return answerWithSelected(context, request, reply, selected);
      },
    );
  }
}
