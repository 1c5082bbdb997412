/** The cost of storing a row on disk before its worker gets the response. */
import path from 'node:path';
import type { Bench, Line, Workbench } from '../bench.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { alternate } from '../support/statistics.ts';
import { layOutPackage, PlainWorker } from '../support/worker-package.ts';

const rounds = 7;

interface Mode {
  readonly words: string;
  readonly rows: number;
  readonly inFlight: number;
  readonly target: number;
  readonly notes: string;
}

const modes: readonly Mode[] = [
  {
    words: 'one at a time',
    rows: 2000,
    inFlight: 1,
    target: 0.5,
    notes: 'Each row waits for its own commit.',
  },
  {
    words: '64 in flight',
    rows: 10_000,
    inFlight: 64,
    target: 0.8,
    notes: 'Rows share commits: those that arrive during one go into the next.',
  },
];

async function measureMode(
  workbench: Workbench,
  packageDir: string,
  workerId: string,
  mode: Mode,
): Promise<Line> {
  const { words, rows, inFlight, target, notes } = mode;
  const installation = await workbench.installation();
  const input = { rows, inFlight };
  await using sdk = await ServiceProcess.start({
    command: [path.resolve(import.meta.dirname, '../support/bare-sdk-server.ts'), JSON.stringify(input)],
    ready: /^port (\d+)/,
  });
  const plain = await PlainWorker.prepare(packageDir, installation.cacheDir, Number(sdk.told));
  // The worker prints its rows per second.
  const stored = async (): Promise<number> => {
    const run = await installation.runSync(workerId, input);
    const printed = (await installation.log(run.run_slug)).find(({ content }) => /^[\d.]+$/.test(content));
    if (printed === undefined) throw new Error(`run ${run.run_slug} printed no rate: ${run.error_message}`);
    return Number(printed.content);
  };
  const dropped = async (): Promise<number> => Number(await plain.run());
  await alternate(1, stored, dropped);
  const { measured, baseline, ratio } = await alternate(rounds, stored, dropped);
  return {
    benchmark: `push, ${words}`,
    measured: `${measured.toFixed(0)} rows/s`,
    baseline: `an SDK server that stores nothing: ${baseline.toFixed(0)} rows/s`,
    result: `${ratio.toFixed(2)} of the baseline`,
    target: `at least ${target}`,
    isMet: ratio >= target,
    notes,
  };
}

export const push: Bench = {
  name: 'push',
  async measure(workbench) {
    const installation = await workbench.installation();
    const lines: Line[] = [];
    for (const mode of modes) {
      const packageDir = await layOutPackage(workbench.folder, 'push');
      const workerId = await installation.publish(packageDir, `Push ${mode.words}`);
      lines.push(await measureMode(workbench, packageDir, workerId, mode));
    }
    return lines;
  },
};
