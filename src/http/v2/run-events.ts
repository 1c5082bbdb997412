/** Follows a run live through server-sent events. */
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { Type } from 'typebox';
import { ChelaError } from '../../errors.ts';
import type { RunRecord } from '../../runs/runs.ts';
import { isFinished } from '../../runs/statuses.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { EventStreams } from '../event-streams.ts';
import { operation } from '../operation.ts';
import { waitingClient } from '../waiting.ts';
import type { StoredLogLine } from '../../logs/logs.ts';
import { LargeRow } from '../../results/results.ts';
import { logLineShape, RunParams, runShape } from './shapes.ts';

const itemsAtOnce = 500;
/** A comment at this interval keeps proxies from closing a quiet connection. */
const keepAliveMilliseconds = 15_000;

/** What the client has received: the key of the last log line and the number of rows. The event id is `LINE-ROWS`. */
interface Position {
  line: number;
  rows: number;
}

function readPosition(text: string | undefined): Position {
  const [, line, rows] = /^(\d{1,15})-(\d{1,15})$/.exec(text ?? '') ?? [];
  return { line: Number(line ?? 0), rows: Number(rows ?? 0) };
}

function eventText(name: string, data: unknown, position: Position): string {
  return `id: ${position.line}-${position.rows}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

export function addRunEventOperations(app: ApiApp, context: ApiContext): void {
  const streams = new EventStreams(context.config.eventStreamLimit);
  app.get(
    '/worker-runs/:runId/events',
    operation({
      id: 'followWorkerRun',
      tag: 'worker-runs',
      summary: 'Follow worker run',
      description: `Extension: streams server-sent events of a run until it ends. \`status\` carries the run whenever its status, number of
results or traffic changes; \`log\` carries a log line; \`row\` carries a row, in order of arrival; \`end\` is the last event. To resume
after an event, reconnect with its id in the header Last-Event-ID; without the header, the stream starts from the beginning. After the
end, a reconnect gets 204, which stops the EventSource of a browser.`,
      params: RunParams,
      isEventStream: true,
      headers: Type.Object({
        'last-event-id': Type.Optional(
          Type.String({ description: 'Id of the last event that you received.' }),
        ),
      }),
    }),
    async (request, reply) => {
      const { runId } = request.params;
      const run = await context.runs.read.bySlug(request.accountId, runId);
      if (run === undefined) throw new ChelaError('NOT_FOUND', `run ${runId} does not exist`);
      const lastEventId = request.headers['last-event-id'];
      if (lastEventId === 'end') return reply.code(204).send();
      streams.open(request.accountId, reply.raw);
      const stream = Readable.from(followRun(context, request, run, readPosition(lastEventId)));
      return reply
        .type('text/event-stream; charset=utf-8')
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
        .send(stream);
    },
  );
}

/** The event stream from a position on, as text. It ends with the run, the connection or the server. */
async function* followRun(
  context: ApiContext,
  request: FastifyRequest,
  start: RunRecord,
  position: Position,
): AsyncGenerator<string> {
  using client = waitingClient(request, context.closing);
  using followed = context.runProgress.follow(start.id);
  let shown = '';
  let run: RunRecord | undefined = start;
  while (run !== undefined && !client.signal.aborted) {
    const state = `${run.status} ${run.result_count} ${run.traffic_bytes}`;
    let text = state === shown ? '' : eventText('status', runShape(run), position);
    shown = state;
    const lines = await context.logs.after(run, position.line, itemsAtOnce);
    text += linesText(lines, position);
    const rows = await context.results.rows(run, position.rows, itemsAtOnce);
    for (const listed of rows) {
      if (listed instanceof LargeRow) {
        yield text;
        text = '';
      }
      const row = listed instanceof LargeRow ? await listed.load() : listed;
      position.rows += 1;
      if (row !== undefined) text += eventText('row', row, position);
    }
    const isCurrent = lines.length < itemsAtOnce && rows.length < itemsAtOnce;
    if (isCurrent && isFinished(run.status)) {
      yield `${text}id: end\nevent: end\ndata: {}\n\n`;
      return;
    }
    if (text !== '') yield text;
    if (isCurrent) {
      const hasChanged = await followed.changed(keepAliveMilliseconds, client.signal);
      if (!hasChanged && !client.signal.aborted) yield ': still here\n\n';
    }
    run = await context.runs.read.bySlug(request.accountId, run.slug);
  }
}

function linesText(lines: readonly StoredLogLine[], position: Position): string {
  return lines
    .map((line) => {
      position.line = line.id;
      return eventText('log', logLineShape(line), position);
    })
    .join('');
}
