/** The hosts that a run connected to. An extension of the published API. */
import { Type } from 'typebox';
import { RunHostList, type RunHost } from '../../answers/run-hosts.ts';
import { hostSorts, type HostRecord } from '../../egress/egress.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { readSortOrder, sortOrder } from '../sort-order.ts';
import { runScopes } from './run-operations.ts';
import { pageOf, PageQuery, paged, unixSeconds } from './shapes.ts';

const HostQuery = Type.Object({
  ...PageQuery.properties,
  subtask: Type.Optional(
    Type.Integer({
      description: 'Only connections of the subtask with this number.',
      minimum: 1,
      maximum: 2_147_483_647,
    }),
  ),
  keyword: Type.Optional(Type.String({ description: 'Part of the host.', maxLength: 253 })),
  sort: Type.Optional(
    sortOrder(hostSorts, {
      default: '-bytes',
      description:
        'Sort field. A leading - sorts in descending order. The sum of further hosts is always last.',
    }),
  ),
});

function hostShape({ refusals, first_at, last_at, ...host }: HostRecord): RunHost {
  return {
    ...host,
    is_other: host.host === '',
    refusals: [...refusals],
    first_at: unixSeconds(first_at),
    last_at: unixSeconds(last_at),
  };
}

export function addRunNetworkOperations(app: ApiApp, context: ApiContext): void {
  for (const scope of runScopes(context)) {
    app.get(
      `${scope.url}/network`,
      operation({
        id: `list${scope.noun}Hosts`,
        tag: 'worker-runs',
        summary: `List ${scope.phrase} hosts`,
        description: `Returns the hosts that a run connected to or was refused, with connections and bytes, stored about once a second. An extension of the published API. ${scope.note}`,
        params: scope.params,
        querystring: HostQuery,
        data: RunHostList,
      }),
      async (request) => {
        const run = await scope.find(request);
        const { subtask, keyword, sort = '-bytes' } = request.query;
        const page = pageOf(request.query);
        const filter = { subtask, keyword, ...readSortOrder(hostSorts, sort) };
        const { totals, count, list } = await context.runHosts.page(run.id, filter, page);
        return success(request, { ...paged({ count, list: list.map(hostShape) }, page), totals });
      },
    );
  }
}
