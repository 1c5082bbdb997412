/** Windows of a run's log, and searching it. Extensions of the published API. */
import { Type } from 'typebox';
import { LogLineList, LogMatchList } from '../../answers/logs.ts';
import { type LogFilter, type LogMatches, type LogWindow, logTypes } from '../../logs/logs.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { runScopes } from './run-operations.ts';
import { sourceOf } from './shapes.ts';

const levels = Type.Optional(
  Type.String({
    description: 'Comma-separated log levels: 1 debug, 2 info, 3 warn, 4 error. All levels if omitted.',
    pattern: '^[1-4](,[1-4]){0,3}$',
    examples: ['3,4'],
  }),
);
const subtask = Type.Optional(
  Type.Integer({
    description: 'Only lines of the subtask with this number; 0 for lines of the whole run.',
    minimum: 0,
    maximum: 2_147_483_647,
  }),
);
const words = { description: 'Text to search for in the lines, case-insensitive.', maxLength: 200 };

const LinesQuery = Type.Object({
  levels,
  subtask,
  search: Type.Optional(Type.String({ ...words, examples: ['timeout'] })),
  position: Type.Optional(
    Type.Integer({
      description:
        'Position of the first line to return among the matching lines, starting at 1. Negative values count from the end: -20 returns the last twenty.',
      minimum: -Number.MAX_SAFE_INTEGER,
      maximum: Number.MAX_SAFE_INTEGER,
      default: 1,
    }),
  ),
  limit: Type.Optional(
    Type.Integer({ description: 'Maximum lines to return.', minimum: 1, maximum: 500, default: 200 }),
  ),
});

const MatchesQuery = Type.Object({
  search: Type.String({ ...words, minLength: 1, examples: ['timeout'] }),
  levels,
  subtask,
  first: Type.Optional(
    Type.Integer({
      description: 'Number of the first match to return, starting at 1. Negative values count from the end.',
      minimum: -Number.MAX_SAFE_INTEGER,
      maximum: Number.MAX_SAFE_INTEGER,
      default: 1,
    }),
  ),
  from_position: Type.Optional(
    Type.Integer({
      description: 'Alternative to first: start with the first match at or after this position.',
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
    }),
  ),
  limit: Type.Optional(
    Type.Integer({ description: 'Maximum matches to return.', minimum: 1, maximum: 1000, default: 100 }),
  ),
});

function filterOf(query: { levels?: string; subtask?: number; search?: string }): LogFilter {
  const levels = new Set((query.levels ?? '').split(','));
  return {
    types: logTypes.filter((type) => levels.has(String(type))),
    subtask: query.subtask,
    words: query.search ?? '',
  };
}

function searchShape({ count, searched, isComplete, lines }: LogWindow | LogMatches) {
  return { count, searched, is_complete: isComplete, lines };
}

function linesShape(window: LogWindow): LogLineList {
  return {
    ...searchShape(window),
    position: window.position,
    list: window.list.map((line) => ({
      number: line.id,
      type: line.type,
      group: String(line.subtask),
      content: line.content,
      is_cut: line.is_cut,
      timestamp: line.logged_at.getTime(),
      source: sourceOf(line),
      styles: [...line.styles],
    })),
  };
}

export function addRunLogLineOperations(app: ApiApp, context: ApiContext): void {
  const { windows } = context.logs;
  for (const scope of runScopes(context)) {
    app.get(
      `${scope.url}/log/lines`,
      operation({
        id: `list${scope.noun}LogLines`,
        tag: 'worker-runs',
        summary: `List ${scope.phrase} log lines`,
        description: `Returns lines of a run's log from a given position, optionally filtered. A filtered request searches for a limited time and returns what it found so far; repeat it until is_complete is true. An extension of the published API. ${scope.note}`,
        params: scope.params,
        querystring: LinesQuery,
        data: LogLineList,
      }),
      async (request) => {
        const { query } = request;
        const run = await scope.find(request);
        const place = { position: query.position ?? 1, limit: query.limit ?? 200 };
        return success(request, linesShape(await windows.lines(run, filterOf(query), place)));
      },
    );
    app.get(
      `${scope.url}/log/matches`,
      operation({
        id: `list${scope.noun}LogMatches`,
        tag: 'worker-runs',
        summary: `List ${scope.phrase} log matches`,
        description: `Returns the positions of the lines of a run's log that contain a text, for stepping from match to match. The request searches for a limited time and returns what it found so far; repeat it until is_complete is true. An extension of the published API. ${scope.note}`,
        params: scope.params,
        querystring: MatchesQuery,
        data: LogMatchList,
      }),
      async (request) => {
        const { query } = request;
        const run = await scope.find(request);
        const { from_position: position, first = 1 } = query;
        const from = position === undefined ? { match: first } : { position };
        const found = await windows.matches(run, filterOf(query), from, query.limit ?? 100);
        return success(request, { ...searchShape(found), first: found.first, list: found.list });
      },
    );
  }
}
