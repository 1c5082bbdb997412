/** What a download through a worker's proxy costs. */
import path from 'node:path';
import type { Bench } from '../bench.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { alternate } from '../support/statistics.ts';
import { layOutPackage, PlainWorker } from '../support/worker-package.ts';

const rounds = 7;
const bytes = 256_000_000;
const address = '127.0.0.1';
const target = 0.5;

export const proxy: Bench = {
  name: 'proxy',
  async measure(workbench) {
    const installation = await workbench.installation();
    const support = path.resolve(import.meta.dirname, '../support');
    await using source = await ServiceProcess.start({
      command: [path.join(support, 'download-server.ts'), String(bytes)],
      ready: /^port (\d+)/,
    });
    const input = { address, port: Number(source.told), bytes };
    await using sdk = await ServiceProcess.start({
      command: [path.join(support, 'bare-sdk-server.ts'), JSON.stringify({ ...input, byProxy: false })],
      ready: /^port (\d+)/,
    });
    const packageDir = await layOutPackage(workbench.folder, 'download');
    const workerId = await installation.publish(packageDir, 'Download');
    const plain = await PlainWorker.prepare(packageDir, installation.cacheDir, Number(sdk.told));
    // The worker prints its megabytes per second.
    const byProxy = async (): Promise<number> => {
      const run = await installation.runSync(workerId, { ...input, byProxy: true });
      const printed = (await installation.log(run.run_slug)).find(({ content }) => /^[\d.]+$/.test(content));
      if (printed === undefined) throw new Error(`run ${run.run_slug} printed no rate: ${run.error_message}`);
      return Number(printed.content);
    };
    const directly = async (): Promise<number> => Number(await plain.run());
    await alternate(1, byProxy, directly);
    const { measured, baseline, ratio } = await alternate(rounds, byProxy, directly);
    return [
      {
        benchmark: `download of ${bytes / 1e6} MB through SOCKS`,
        measured: `${measured.toFixed(0)} MB/s`,
        baseline: `the same download directly over loopback: ${baseline.toFixed(0)} MB/s`,
        result: `${ratio.toFixed(2)} of the baseline`,
        target: `at least ${target}`,
        isMet: ratio >= target,
        notes: 'The runner, a single process, counts and relays every byte of its workers.',
      },
    ];
  },
};
