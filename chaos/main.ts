/** `npm run chaos`: injects faults into a cluster under load, and checks that nothing is lost, doubled, stuck or left over. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildServer } from '../scripts/build-server.mjs';
import { runCampaign } from './campaign.ts';
import { hasCommand } from './cluster/command.ts';
import { Cluster } from './cluster/cluster.ts';
import { Network } from './cluster/network.ts';
import { faults } from './faults/faults.ts';
import { plan } from './plan.ts';
import { report, type CampaignResult } from './report.ts';

const usage = `usage: npm run chaos -- [--seed N] [--minutes M] [--short] [--lease SECONDS] [--clients N] [--retry] [--s3] [--only KIND]… [--plan] [--keep]
  --seed N         the seed of the faults and of the clients; 1 by default
  --minutes M      how long faults are injected; 5 by default
  --short          a campaign of 12 seconds, with a lease of 3 seconds, for CI; skipped where networks cannot be made
  --lease SECONDS  the lease of runners, which the lengths of faults are multiples of; 5 by default
  --clients N      concurrent clients; 4 by default
  --retry          subtasks of lost runners run again (CHELA_LOST_SUBTASKS=retry)
  --s3             stores packages in a bucket instead of a folder
  --only KIND      only faults of this kind, as the table names it
  --plan           prints the plan of the seed and ends
  --keep           keeps the folder with the logs and the history`;

const { values: flags } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    short: { type: 'boolean', default: false },
    lease: { type: 'string' },
    clients: { type: 'string', default: '4' },
    retry: { type: 'boolean', default: false },
    s3: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    plan: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Of the campaign in CI. */
const short = { minutes: '0.2', lease: '3' } as const;
const usual = { minutes: '5', lease: '5' } as const;

function say(sentence: string): void {
  process.stderr.write(`chaos: ${sentence}\n`);
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (!(value >= 0) || text.trim() === '')
    throw new Error(`--${name} takes a number, not "${text}"\n${usage}`);
  return value;
}

/** @returns why a campaign is impossible here */
async function obstacle(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'network namespaces and small disks need root';
  for (const program of ['ip', 'bridge', 'nsenter', 'mount', 'bwrap']) {
    if (!(await hasCommand(program))) return `the program ${program} is not installed`;
  }
  return Network.obstacle();
}

function chosenFaults(names: readonly string[]) {
  const unknown = names.find((name) => !faults.some((fault) => fault.name === name));
  if (unknown !== undefined) {
    throw new Error(
      `there is no fault "${unknown}", only ${faults.map(({ name }) => `"${name}"`).join(', ')}`,
    );
  }
  const chosen = faults.filter(({ name }) => names.length === 0 || names.includes(name));
  for (const { name, unavailable } of chosen)
    if (unavailable !== undefined) say(`without "${name}": ${unavailable}`);
  return chosen.filter(({ unavailable }) => unavailable === undefined);
}

async function main(): Promise<void> {
  if (flags.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const seed = numberOf('seed', flags.seed);
  const defaults = flags.short ? short : usual;
  const leaseSeconds = numberOf('lease', flags.lease ?? defaults.lease);
  const lengthMs = numberOf('minutes', flags.minutes ?? defaults.minutes) * 60_000;
  const planned = plan({ seed, lengthMs, leaseMs: leaseSeconds * 1000, faults: chosenFaults(flags.only) });
  if (flags.plan) {
    for (const { fault, target, atMs, lengthMs: length } of planned) {
      process.stdout.write(`${atMs} ms: ${fault.name}, ${target}, for ${length} ms\n`);
    }
    return;
  }
  const reason = await obstacle();
  if (reason !== undefined) {
    if (!flags.short) throw new Error(reason);
    say(`skipped: ${reason}`);
    return;
  }
  if (!buildServer()) throw new Error('the program could not be built');
  const folder = await mkdtemp(path.join(tmpdir(), 'chaos-'));
  const options = {
    folder,
    seed,
    leaseSeconds,
    lengthMs,
    planned,
    say,
    clients: numberOf('clients', flags.clients),
    lostSubtasks: flags.retry ? 'retry' : 'fail',
    storage: flags.s3 ? 's3' : 'folder',
  } as const;
  const result = await withCluster(new Cluster(options), (cluster) => runCampaign(options, cluster));
  const isGood = result.findings.length === 0;
  if (!isGood || flags.keep) say(`the logs and the history are in ${folder}`);
  process.stdout.write(`${report(result)}\n`);
  process.exitCode = isGood ? 0 : 1;
}

/** Removes the cluster however the campaign ends. */
async function withCluster(
  cluster: Cluster,
  campaign: (cluster: Cluster) => Promise<CampaignResult>,
): Promise<CampaignResult> {
  const interrupted = Promise.withResolvers<never>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interrupted.reject(new Error(`stopped by ${signal}`)));
  }
  let isGood = false;
  try {
    const result = await Promise.race([campaign(cluster), interrupted.promise]);
    isGood = result.findings.length === 0;
    return result;
  } finally {
    await cluster.close();
    if (isGood && !flags.keep) await cluster.removeFolder();
  }
}

await main().then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`chaos: ${(error as Error).stack}\n`);
    process.exit(1);
  },
);
