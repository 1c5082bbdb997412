/** What the API adds to one SELECT: keys, rate limit, schema and envelope of `GET /workers/{id}/runs/last`. */
import type { Bench } from '../bench.ts';
import { HttpLoad, type LoadJob } from '../support/http-load.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { alternate } from '../support/statistics.ts';
import path from 'node:path';

const runCount = 1_000_000;
const connections = 64;
const roundMilliseconds = 3000;
const rounds = 7;
const target = 0.6;

export const lastRun: Bench = {
  name: 'last-run',
  async measure(workbench) {
    const stored = await workbench.storedRuns(runCount);
    await using bare = await ServiceProcess.start({
      command: [
        path.resolve(import.meta.dirname, '../support/bare-route-server.ts'),
        stored.databaseUrl,
        String(workbench.poolSize),
        String(stored.accountId),
      ],
      ready: /^port (\d+)/,
    });
    await using load = new HttpLoad();
    const common = { connections, milliseconds: roundMilliseconds };
    const apiJob: LoadJob = {
      ...common,
      port: stored.port,
      paths: stored.workerIds.map((id) => `/api/v2/workers/${id}/runs/last`),
      headers: stored.headers,
    };
    const bareJob: LoadJob = {
      ...common,
      port: Number(bare.told),
      paths: stored.workerIds.map((id) => `/${id}`),
      headers: {},
    };
    const rate = async (job: LoadJob): Promise<number> => (await load.run(job)).requestsPerSecond;
    // The first round is not counted: it opens connections, prepares plans and compiles code.
    await alternate(
      1,
      () => rate(apiJob),
      () => rate(bareJob),
    );
    const { measured, baseline, ratio } = await alternate(
      rounds,
      () => rate(apiJob),
      () => rate(bareJob),
    );
    return [
      {
        benchmark: `last run, ${connections} connections, ${runCount.toLocaleString('en')} stored runs`,
        measured: `${measured.toFixed(0)} requests/s`,
        baseline: `a bare Fastify route with the same SELECT and pool: ${baseline.toFixed(0)} requests/s`,
        result: `${ratio.toFixed(2)} of the baseline`,
        target: `at least ${target}`,
        isMet: ratio >= target,
        notes:
          'The rest is the cost of the key, the rate limit, the schema, the envelope and the isolation of accounts.',
      },
    ];
  },
};
