/** Pins, labels and deletes runs, one or several. Extensions of the published API. */
import type { FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import { Type } from 'typebox';
import { exampleRunSlug } from '../../answers/examples.ts';
import { Run, RunLabels, RunOutcomes, type RunOutcome } from '../../answers/runs.ts';
import { ChelaError } from '../../errors.ts';
import { labelLength, labelLimit, type Idempotency, type RunRecord } from '../../runs/runs.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { actorOf, originOf } from '../authentication.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { idempotencyOf, StartHeaders } from './run-answers.ts';
import { abortAtRequest, runScopes } from './run-operations.ts';
import { labelsField, RunParams, runShape } from './shapes.ts';

const maxRuns = 100;
const runSlug = /^[0-9A-HJKMNP-TV-Z]{26}$/;
const tag = 'worker-runs';

const pinned = Type.Optional(
  Type.Boolean({ description: 'Whether the run is kept beyond the retention.', examples: [true] }),
);

const ChangeBody = Type.Object({ pinned, labels: labelsField }, { additionalProperties: false });

const slugs = Type.Array(Type.String({ maxLength: 64 }), {
  minItems: 1,
  maxItems: maxRuns,
  description: `Run slugs, up to ${maxRuns}. A slug that is given twice counts once.`,
  examples: [[exampleRunSlug]],
});
const RunsBody = Type.Object({ run_slugs: slugs }, { additionalProperties: false });

function someLabels(description: string) {
  const labels = Type.Array(Type.String({ maxLength: 4 * labelLength }), {
    description,
    maxItems: labelLimit,
    examples: [['nightly']],
  });
  return Type.Optional(labels);
}

const ChangeRunsBody = Type.Object(
  {
    run_slugs: slugs,
    pinned,
    add_labels: someLabels('Labels that the runs get in addition to those they have.'),
    remove_labels: someLabels('Labels that the runs lose.'),
  },
  { additionalProperties: false },
);

async function foundRun({ runs }: ApiContext, request: FastifyRequest, slug: string): Promise<RunRecord> {
  const run = await runs.read.bySlug(request.accountId, slug);
  if (run === undefined) throw new ChelaError('NOT_FOUND', `run ${slug} does not exist`);
  return run;
}

/**
 * Does something for each of the runs, independently of the others. An error that the client may see becomes the outcome
 * of its run.
 * @param act returns the slug of the run that it started, if it did
 */
async function forEach(
  given: readonly string[],
  act: (slug: string) => Promise<string | void>,
): Promise<RunOutcomes> {
  const results: RunOutcome[] = [];
  for (const slug of new Set(given)) {
    try {
      if (!runSlug.test(slug)) throw new ChelaError('NOT_FOUND', 'there is no run with this slug');
      const started = await act(slug);
      results.push({
        run_slug: slug,
        success: true,
        ...(started !== undefined && { new_run_slug: started }),
      });
    } catch (error) {
      if (!(error instanceof ChelaError)) throw error;
      results.push({ run_slug: slug, success: false, error: error.message });
    }
  }
  return { results };
}

/** The key under which a request for several runs starts one of them, so that a repeated request starts none again. */
function partOf(idempotency: Idempotency | undefined, slug: string): Idempotency | undefined {
  if (idempotency === undefined) return undefined;
  const key = createHash('sha256').update(`${idempotency.key}\n${slug}`).digest('hex');
  return { key, hash: idempotency.hash };
}

export function addRunCareOperations(app: ApiApp, context: ApiContext): void {
  addOne(app, context);
  addEnding(app, context);
  addChanging(app, context);
}

function addOne(app: ApiApp, context: ApiContext): void {
  const { runs, removal } = context;
  app.get(
    '/run-labels',
    operation({
      id: 'listRunLabels',
      tag,
      summary: 'List run labels',
      description:
        'Returns the labels of the newest labeled runs of the account, the most frequent first. An extension of the published API.',
      data: RunLabels,
    }),
    async (request) => success(request, { list: await runs.read.labels(request.accountId) }),
  );

  for (const scope of runScopes(context)) {
    app.put(
      scope.url,
      operation({
        id: `update${scope.noun}`,
        tag,
        summary: `Update ${scope.phrase}`,
        description: `Pins a run, so that it is kept beyond the retention, and replaces its labels. Omitted fields are unchanged. An extension of the published API. ${scope.note}`,
        params: scope.params,
        body: ChangeBody,
        data: Run,
      }),
      async (request) => {
        const { slug } = await scope.find(request);
        const { pinned: isPinned, labels } = request.body;
        await runs.change({ accountId: request.accountId, slug }, { isPinned, labels });
        return success(request, runShape(await foundRun(context, request, slug)));
      },
    );
  }

  app.delete(
    '/worker-runs/:runId',
    operation({
      id: 'deleteWorkerRun',
      tag,
      summary: 'Delete worker run',
      description:
        'Deletes an ended run with its rows, log, files, exports and callbacks. This cannot be undone. The statistics and the balance keep what it counted and cost. An extension of the published API.',
      params: RunParams,
      errors: ['RUN_FAILED'],
    }),
    async (request) => {
      const { runId: slug } = request.params;
      // Repeating such a request would delete another run.
      if (slug === 'last') throw new ChelaError('METHOD_NOT_ALLOWED', 'name the run to delete by its slug');
      await removal.delete(request.accountId, slug, actorOf(request));
      return success(request);
    },
  );
}

function addEnding(app: ApiApp, context: ApiContext): void {
  const { runs, removal } = context;
  app.post(
    '/worker-runs/abort',
    operation({
      id: 'abortWorkerRuns',
      tag,
      summary: 'Abort worker runs',
      description:
        'Aborts runs, each independently. A run that has ended is left as it is, and its entry says so. An extension of the published API.',
      body: RunsBody,
      data: RunOutcomes,
    }),
    async (request) => {
      const outcomes = await forEach(request.body.run_slugs, async (slug) =>
        abortAtRequest(context, request, await foundRun(context, request, slug)),
      );
      return success(request, outcomes);
    },
  );

  app.post(
    '/worker-runs/delete',
    operation({
      id: 'deleteWorkerRuns',
      tag,
      summary: 'Delete worker runs',
      description:
        'Deletes ended runs, each independently, with everything that belongs to them. A run that has not ended is kept, and its entry says so. An extension of the published API.',
      body: RunsBody,
      data: RunOutcomes,
    }),
    async (request) => {
      const outcomes = await forEach(request.body.run_slugs, (slug) =>
        removal.delete(request.accountId, slug, actorOf(request)),
      );
      return success(request, outcomes);
    },
  );

  app.post(
    '/worker-runs/rerun',
    operation({
      id: 'rerunWorkerRuns',
      tag,
      summary: 'Rerun worker runs',
      description:
        'Starts a new run for each of the runs, with its input, version, limits and labels. An entry has the slug of the new run, or says why it could not start. An extension of the published API.',
      body: RunsBody,
      headers: StartHeaders,
      data: RunOutcomes,
    }),
    async (request) => {
      const idempotency = idempotencyOf(request);
      const outcomes = await forEach(request.body.run_slugs, async (slug) => {
        const source = await foundRun(context, request, slug);
        const started = await runs.rerun(request.accountId, source, {
          origin: originOf(request),
          idempotency: partOf(idempotency, slug),
        });
        return started.slug;
      });
      return success(request, outcomes);
    },
  );
}

function addChanging(app: ApiApp, { runs }: ApiContext): void {
  app.post(
    '/worker-runs/update',
    operation({
      id: 'updateWorkerRuns',
      tag,
      summary: 'Update worker runs',
      description:
        'Pins or unpins runs, and adds and removes labels, for each run independently. An extension of the published API.',
      body: ChangeRunsBody,
      data: RunOutcomes,
    }),
    async (request) => {
      const {
        run_slugs: given,
        pinned: isPinned,
        add_labels: addedLabels,
        remove_labels: removedLabels,
      } = request.body;
      const changes = { isPinned, addedLabels, removedLabels };
      const outcomes = await forEach(given, (slug) =>
        runs.change({ accountId: request.accountId, slug }, changes),
      );
      return success(request, outcomes);
    },
  );
}
