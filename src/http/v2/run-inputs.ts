/** The input of a run, and a preview of a run before it is started. Extensions of the published API. */
import { Type } from 'typebox';
import { exampleInput } from '../../answers/examples.ts';
import { RunInput, RunPreview } from '../../answers/runs.ts';
import { parseJson } from '../../json/lossless-json.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { originOf } from '../authentication.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { runScopes } from './run-operations.ts';
import { WorkerParams } from './shapes.ts';

const PreviewBody = Type.Object(
  {
    input: Type.Optional(
      Type.Unknown({
        description: 'Worker fields under parameters.custom, limits under parameters.system.',
        examples: [exampleInput],
      }),
    ),
    version: Type.Optional(
      Type.String({ description: 'Version to run. Default: latest.', examples: ['v1.0.1'] }),
    ),
  },
  { additionalProperties: false },
);

export function addRunInputOperations(app: ApiApp, context: ApiContext): void {
  const { runs, config } = context;
  for (const scope of runScopes(context)) {
    app.get(
      `${scope.url}/input`,
      operation({
        id: `get${scope.noun}Input`,
        tag: 'worker-runs',
        summary: `Get ${scope.phrase} input`,
        description: `Returns the input and version that the run was started with. An extension of the published API. ${scope.note}`,
        params: scope.params,
        data: RunInput,
      }),
      async (request) => {
        const run = await scope.find(request);
        return success(request, {
          input: parseJson(await runs.read.input(run)),
          version: run.version,
        });
      },
    );
  }

  app.post(
    '/workers/:workerId/runs/preview',
    operation({
      id: 'previewWorkerRun',
      errors: ['WORKER_VERSION_UNAVAILABLE'],
      tag: 'workers',
      summary: 'Preview worker run',
      description:
        'Checks an input and counts its subtasks, with the same errors as starting a run. No run is started. An extension of the published API.',
      params: WorkerParams,
      body: PreviewBody,
      data: RunPreview,
    }),
    async (request) => {
      const { input, version } = request.body;
      const run = await runs.prepare({
        accountId: request.accountId,
        workerId: request.params.workerId,
        version,
        input,
        origin: originOf(request),
      });
      return success(request, {
        version: run.version,
        subtasks: run.subtaskInputs.length,
        subtask_limit: config.subtaskLimit,
      });
    },
  );
}
