/** `npm run chaos`: injects faults into a cluster under load, and checks that nothing is lost, doubled, stuck or left over. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildServer } from '../scripts/build-server.mjs';
import { runCampaign } from './campaign.ts';
import { hasCommand } from './cluster/command.ts';
import { Cluster } from './cluster/cluster.ts';
import { Network } from './cluster/network.ts';
import type { Fault } from './faults/fault.ts';
import { readOptions, usage, UsageError } from './options.ts';
import { plan } from './plan.ts';
import { report, type CampaignResult } from './report.ts';

function say(sentence: string): void {
  process.stderr.write(`chaos: ${sentence}\n`);
}

/** @returns why a campaign is impossible here */
async function obstacle(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'network namespaces and small disks need root';
  for (const program of ['ip', 'bridge', 'nsenter', 'mount', 'bwrap']) {
    if (!(await hasCommand(program))) return `the program ${program} is not installed`;
  }
  return Network.obstacle();
}

/** Those that this machine can inject. */
function available(faults: readonly Fault[]): readonly Fault[] {
  for (const { name, unavailable } of faults) {
    if (unavailable !== undefined) say(`without "${name}": ${unavailable}`);
  }
  return faults.filter(({ unavailable }) => unavailable === undefined);
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.onlyHelps) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const { seed, lengthMs, leaseSeconds } = options;
  const planned = plan({ seed, lengthMs, leaseMs: leaseSeconds * 1000, faults: available(options.faults) });
  if (options.onlyPlans) {
    for (const { fault, target, atMs, lengthMs: length } of planned) {
      process.stdout.write(`${atMs} ms: ${fault.name}, ${target}, for ${length} ms\n`);
    }
    return;
  }
  const reason = await obstacle();
  if (reason !== undefined) {
    if (!options.isShort) throw new UsageError(reason);
    say(`skipped: ${reason}`);
    return;
  }
  if (!buildServer()) throw new UsageError('the program could not be built');
  const folder = await mkdtemp(path.join(tmpdir(), 'chaos-'));
  const campaign = { ...options, folder, planned, say };
  const result = await withCluster(new Cluster(campaign), (cluster) => runCampaign(campaign, cluster));
  const isGood = result.findings.length === 0;
  if (isGood && !options.keepsFolder) await rm(folder, { recursive: true, force: true });
  else say(`the logs and the history are in ${folder}`);
  process.stdout.write(`${report(result)}\n`);
  process.exitCode = isGood ? 0 : 1;
}

/** Ends the cluster however the campaign ends. */
async function withCluster(
  cluster: Cluster,
  campaign: (cluster: Cluster) => Promise<CampaignResult>,
): Promise<CampaignResult> {
  const interrupted = Promise.withResolvers<never>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interrupted.reject(new UsageError(`stopped by ${signal}`)));
  }
  try {
    return await Promise.race([campaign(cluster), interrupted.promise]);
  } finally {
    await cluster.close();
  }
}

await main().then(
  () => process.exit(),
  (error: unknown) => {
    const { message, stack } = error as Error;
    process.stderr.write(`chaos: ${error instanceof UsageError ? message : stack}\n`);
    process.exit(1);
  },
);
