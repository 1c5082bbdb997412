/** Calls five operations with the generated client and prints what it got as JSON. */
import { Configuration, WorkerRunsApi, WorkersApi } from './client/index.js';

const workerId = 'chela~hello';
const input = { parameters: { custom: { names: ['Ada'] } } };
const configuration = new Configuration({
  basePath: process.env['CHELA_URL'],
  accessToken: process.env['CHELA_API_KEY'],
});
const runs = new WorkerRunsApi(configuration);

const last = await runs.getWorkerLastRun({ workerId });
const started = await new WorkersApi(configuration).runWorker({ workerId, runWorkerBody: { input } });
if (!('runSlug' in started.data)) throw new Error('the answer has no run');
const runId = started.data.runSlug;
let run = await runs.getWorkerRun({ runId });
while (run.data.status === 'ready' || run.data.status === 'running') {
  await new Promise((resolve) => setTimeout(resolve, 100));
  run = await runs.getWorkerRun({ runId });
}
const results = await runs.listWorkerRunResults({ runId });
const rerun = await runs.rerunWorkerRun({ runId });
const failed = await runs.getWorkerRun({ runId: 'absent' }).then(
  () => false,
  () => true,
);
console.log(
  JSON.stringify({
    last: last.data.scraperTitle,
    status: run.data.status,
    rows: results.data.count,
    column: results.data.headers[0]?.key,
    rerun: 'runSlug' in rerun.data && rerun.data.runSlug !== runId,
    error: failed,
  }),
);
