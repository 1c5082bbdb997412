/** Answers to starting a run: its slug at once, or after waiting its outcome and a page of results. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import { Type } from 'typebox';
import type { RunAnswer } from '../../answers/runs.ts';
import { ChelaError } from '../../errors.ts';
import { stringifyJson } from '../../json/lossless-json.ts';
import type { Idempotency, SubmittedRun } from '../../runs/runs.ts';
import type { ApiContext } from '../api-context.ts';
import { success, type SuccessWith } from '../envelope.ts';
import { answerWithRows } from '../row-answer.ts';
import { whileClientWaits } from '../waiting.ts';
import { finishedRunShape, pageOf, paged, type RunBody } from './shapes.ts';

/** @throws ChelaError if the callback URL is not an http or https URL; an empty one counts as absent */
export function callbackUrlOf(body: Pick<RunBody, 'callback_url'>): string | undefined {
  const { callback_url: callbackUrl } = body;
  if (callbackUrl === undefined || callbackUrl === '') return undefined;
  if (!/^https?:$/.test(URL.parse(callbackUrl)?.protocol ?? '') || callbackUrl.includes('\0')) {
    throw new ChelaError('INVALID_SHAPE', 'callback_url must be an http or https URL');
  }
  return callbackUrl;
}

export async function answerRun(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { started, body }: { started: SubmittedRun; body: RunBody },
): Promise<SuccessWith<RunAnswer>> {
  if (body.is_async !== false) return success(request, { run_slug: started.slug });
  const isFinished = await untilFinished(context, request, started.id);
  const run = await context.runs.read.bySlug(request.accountId, started.slug);
  if (run === undefined)
    throw new ChelaError('RUN_NOT_FOUND', `run ${started.slug} was deleted in the meantime`);
  const page = pageOf(body);
  const { headers, count, list: rows } = await context.results.page(run, page);
  return answerWithRows(request, reply, rows, (list) =>
    finishedRunShape(run, isFinished, { ...paged({ count, list }, page), headers }),
  );
}

/** Headers of requests that start a run. */
export const StartHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      description:
        'Extension: a unique name for this request, chosen by you. Repeating the request with the same name returns the run of the first request instead of starting another.',
      maxLength: 255,
      pattern: '^[\\x21-\\x7e]*$',
    }),
  ),
});

/** The idempotency key, if the client sent one. */
export function idempotencyOf(request: FastifyRequest): Idempotency | undefined {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string' || key === '') return undefined;
  const [path] = request.url.split('?');
  const hash = createHash('sha256')
    .update(`${request.method} ${path}\n${stringifyJson(request.body ?? {})}`)
    .digest();
  return { key, hash };
}

/** Waits until the run ends, the time is up or the client disconnects. The run itself continues in any case. */
async function untilFinished(context: ApiContext, request: FastifyRequest, runId: number): Promise<boolean> {
  const { runs, config, closing } = context;
  return whileClientWaits(request, closing, (signal) =>
    runs.wait.untilFinished(runId, config.syncWaitSeconds * 1000, signal),
  );
}
