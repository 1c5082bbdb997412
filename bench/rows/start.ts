/** The time from a submitted run to the first SDK call of its worker that is answered. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Bench, Line } from '../bench.ts';
import type { Installation } from '../support/installation.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { compare } from '../support/statistics.ts';
import { layOutPackage, PlainWorker } from '../support/worker-package.ts';

const rounds = 15;
const coldAimMilliseconds = 250;
const warmAimMilliseconds = 100;

/** The worker prints the moment of its first answer, Unix milliseconds. */
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
    const line = (kind: 'cold' | 'warm', aimMilliseconds: number, meaning: string): Line => {
      const { measured, baseline, difference } = compare(times[kind], times.plain);
      return {
        bench: `start, ${kind}: submit to the worker's first answered SDK call`,
        measured: `${measured.toFixed(0)} ms`,
        baseline: `\`node main.js\` against a local echo SDK: ${baseline.toFixed(0)} ms`,
        result: `${difference.toFixed(0)} ms more`,
        aim: `at most ${aimMilliseconds} ms more`,
        isMet: difference <= aimMilliseconds,
        meaning,
      };
    };
    return [
      line(
        'cold',
        coldAimMilliseconds,
        'The first run of a package on a machine: it is fetched and unpacked; its dependencies are there.',
      ),
      line('warm', warmAimMilliseconds, 'Every further run: queue, sandbox and SDK server cost this.'),
    ];
  },
};
