/** The cost of connections through the transparent network. */
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import type { Bench, Line, Workbench } from '../bench.ts';
import { networkPorts, type Installation } from '../support/installation.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { alternate } from '../support/statistics.ts';
import { layOutPackage, PlainWorker, type WorkerName } from '../support/worker-package.ts';

const rounds = 7;
const bytes = 256_000_000;
const rateTarget = 0.5;
const requests = 2000;
const connections = 64;
const requestTarget = 0.25;
const support = path.resolve(import.meta.dirname, '../support');

/** An address of this machine that is not the sandbox's own loopback. Its traffic does not leave the machine. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const found = addresses.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (found === undefined) throw new Error('the benchmark of the network needs a network interface');
  return found.address;
}

async function printedRate(
  installation: Installation,
  workerId: string,
  input: Record<string, unknown>,
): Promise<number> {
  const run = await installation.runSync(workerId, input);
  const printed = (await installation.log(run.run_slug)).find(({ content }) => /^[\d.]+$/.test(content));
  if (printed === undefined) throw new Error(`run ${run.run_slug} printed no rate: ${run.error_message}`);
  return Number(printed.content);
}

interface Comparison {
  readonly worker: WorkerName;
  readonly server: readonly string[];
  readonly input: Record<string, unknown>;
}

/** Rates of a worker on the platform, and of the same program without the platform. */
async function compareRates(
  workbench: Workbench,
  { worker, server, input }: Comparison,
): Promise<{ measured: number; baseline: number; ratio: number }> {
  const installation = await workbench.installation();
  await using source = await ServiceProcess.start({ command: server, ready: /^port (\d+)/ });
  const target = { ...input, address: ownAddress(), port: Number(source.told), byProxy: false };
  await using sdk = await ServiceProcess.start({
    command: [path.join(support, 'bare-sdk-server.ts'), JSON.stringify(target)],
    ready: /^port (\d+)/,
  });
  const packageDir = await layOutPackage(workbench.folder, worker);
  const workerId = await installation.publish(packageDir, `Network ${worker}`);
  const plain = await PlainWorker.prepare(packageDir, installation.cacheDir, Number(sdk.told));
  const inSandbox = async (): Promise<number> => printedRate(installation, workerId, target);
  const directly = async (): Promise<number> => Number(await plain.run());
  await alternate(1, inSandbox, directly);
  // Awaited here, because the servers end with this function.
  return await alternate(rounds, inSandbox, directly);
}

async function downloadLine(workbench: Workbench): Promise<Line> {
  const { measured, baseline, ratio } = await compareRates(workbench, {
    worker: 'download',
    server: [path.join(support, 'download-server.ts'), String(bytes), String(networkPorts.download)],
    input: { bytes },
  });
  return {
    benchmark: `download of ${bytes / 1e6} MB through the transparent network`,
    measured: `${measured.toFixed(0)} MB/s`,
    baseline: `the same download directly over loopback: ${baseline.toFixed(0)} MB/s`,
    result: `${ratio.toFixed(2)} of the baseline`,
    target: `at least ${rateTarget}`,
    isMet: ratio >= rateTarget,
    notes: 'Programs without proxy support are about as fast as those that use the proxy.',
  };
}

async function requestLine(workbench: Workbench): Promise<Line> {
  const { measured, baseline, ratio } = await compareRates(workbench, {
    worker: 'requests',
    server: [path.join(support, 'short-answer-server.ts'), String(networkPorts.requests)],
    input: { requests, connections },
  });
  return {
    benchmark: `${requests} short requests over ${connections} connections at a time, each with its own connection`,
    measured: `${measured.toFixed(0)} per second`,
    baseline: `the same requests directly over loopback: ${baseline.toFixed(0)} per second`,
    result: `${ratio.toFixed(2)} of the baseline`,
    target: `at least ${requestTarget}`,
    isMet: ratio >= requestTarget,
    notes: 'For each connection of a worker, the runner opens another one to the target.',
  };
}

export const network: Bench = {
  name: 'network',
  async measure(workbench) {
    return [await downloadLine(workbench), await requestLine(workbench)];
  },
};
