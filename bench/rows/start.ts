/** The time from submitting a run to the first SDK response to its worker. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Bench, Line } from '../bench.ts';
import type { Installation } from '../support/installation.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { compare } from '../support/statistics.ts';
import { layOutPackage, PlainWorker } from '../support/worker-package.ts';

const rounds = 15;
const coldTargetMilliseconds = 250;
const warmTargetMilliseconds = 100;

/** The worker prints the time of its first response, in Unix milliseconds. */
async function startOnPlatform(installation: Installation, workerId: string): Promise<number> {
  const submittedAt = Date.now();
  const run = await installation.runSync(workerId, {});
  const lines = await installation.log(run.run_slug);
  const printed = lines.find(({ content }) => /^\d+$/.test(content));
  if (printed === undefined) throw new Error(`run ${run.run_slug} printed no time: ${run.error_message}`);
  return Number(printed.content) - submittedAt;
}

async function startPlain(worker: PlainWorker): Promise<number> {
  const startedAt = Date.now();
  return Number(await worker.run()) - startedAt;
}

export const start: Bench = {
  name: 'start',
  async measure(workbench) {
    const installation = await workbench.installation();
    await using sdk = await ServiceProcess.start({
      command: [path.resolve(import.meta.dirname, '../support/bare-sdk-server.ts'), '{}'],
      ready: /^port (\d+)/,
    });
    const packageDir = await layOutPackage(workbench.folder, 'first-call');
    const workerId = await installation.publish(packageDir, 'First call');
    const plain = await PlainWorker.prepare(packageDir, installation.cacheDir, Number(sdk.told));
    const forgetPackages = () =>
      rm(path.join(installation.cacheDir, 'packages'), { recursive: true, force: true });

    const times = { cold: [] as number[], warm: [] as number[], plain: [] as number[] };
    await startPlain(plain);
    await startOnPlatform(installation, workerId);
    for (let round = 0; round < rounds; round += 1) {
      await forgetPackages();
      times.cold.push(await startOnPlatform(installation, workerId));
      times.plain.push(await startPlain(plain));
      times.warm.push(await startOnPlatform(installation, workerId));
    }
    const line = (kind: 'cold' | 'warm', targetMilliseconds: number, notes: string): Line => {
      const { measured, baseline, difference } = compare(times[kind], times.plain);
      return {
        benchmark: `${kind} start: from submit to the worker's first SDK response`,
        measured: `${measured.toFixed(0)} ms`,
        baseline: `\`node main.js\` against a local echo SDK: ${baseline.toFixed(0)} ms`,
        result: `${difference.toFixed(0)} ms more`,
        target: `at most ${targetMilliseconds} ms more`,
        isMet: difference <= targetMilliseconds,
        notes,
      };
    };
    return [
      line(
        'cold',
        coldTargetMilliseconds,
        'The first run of a package on a machine, which fetches and unpacks it. Its dependencies are installed.',
      ),
      line(
        'warm',
        warmTargetMilliseconds,
        'Every later run: the cost of the queue, the sandbox and the SDK server.',
      ),
    ];
  },
};
