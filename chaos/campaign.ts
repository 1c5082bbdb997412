/** One campaign: starts the cluster, puts load on it, injects the planned faults, and checks what is left. */
import { buffer } from 'node:stream/consumers';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { zipFolder } from '../src/workers/archive.ts';
import { checkCallbacks, readExpectedCallbacks } from './checks/callbacks.ts';
import { checkDescriptors, countDescriptors } from './checks/descriptors.ts';
import type { Finding } from './checks/finding.ts';
import { checkLeftOver } from './checks/left-over.ts';
import { checkStoredData, readStoredData, runsByToken } from './checks/stored-rows.ts';
import { checkStuck } from './checks/stuck.ts';
import { checkTicks, readFiredTicks } from './checks/ticks.ts';
import { LoadClient } from './clients/load.ts';
import { CallbackReceiver } from './clients/receiver.ts';
import { saveSchedules } from './clients/schedules.ts';
import { runnerNames, type Cluster, type ClusterOptions } from './cluster/cluster.ts';
import { brokenRules } from './history/checker.ts';
import { History, succeeded } from './history/history.ts';
import { Injector } from './injector.ts';
import type { PlannedFault } from './plan.ts';
import { Random } from './random.ts';
import type { CampaignResult } from './report.ts';
import { TallyReader } from './tally/tally-reader.ts';
import { layOutWorker } from './worker/worker-package.ts';

export interface CampaignOptions extends ClusterOptions {
  readonly seed: number;
  readonly lengthMs: number;
  readonly clients: number;
  readonly planned: readonly PlannedFault[];
  /** Told what happens. */
  readonly say: (sentence: string) => void;
}

const nothingAcknowledged: Finding = {
  kind: 'broken rules',
  sentence: 'nothing was acknowledged, so the campaign proves nothing',
};

/** Callbacks that a killed process had claimed wait this long. */
const stuckLimitMs = 300_000;

export async function runCampaign(options: CampaignOptions, cluster: Cluster): Promise<CampaignResult> {
  const { seed, folder, planned, say } = options;
  const history = new History();
  say('starting PostgreSQL with its standby, two APIs and three runners');
  await cluster.open();
  const descriptors = await countDescriptors(cluster);
  const worker = await publishWorker(cluster, path.join(folder, 'worker'));
  const receiver = new CallbackReceiver(cluster.network.hostAddress, new Random(seed + 1));
  await receiver.start();
  const cacheDirs = runnerNames.map((name) => cluster.node(name).cacheDir);
  const reader = new TallyReader(cacheDirs, (error) => say(`the tally could not be read: ${String(error)}`));
  reader.start();
  const scheduled = await saveSchedules(cluster, worker, options.lengthMs / 1000);
  const load = {
    apiUrls: cluster.apiUrls,
    apiKey: cluster.key,
    worker,
    callbackUrl: receiver.url,
    history,
  };
  const clients = Array.from(
    { length: options.clients },
    (_, index) => new LoadClient(`client-${index + 1}`, load, new Random(seed * 1000 + index)),
  );
  const stop = new AbortController();
  const working = Promise.all(clients.map(async (client) => client.work(stop.signal)));
  const injector = new Injector(cluster, history);
  const injecting = injector.inject(planned, ({ fault, target, atMs, lengthMs }) =>
    say(`${(atMs / 1000).toFixed(1)} s: ${fault.name}, ${target}, for ${(lengthMs / 1000).toFixed(1)} s`),
  );
  const [faults] = await Promise.all([injecting, delay(options.lengthMs)]);
  stop.abort();
  await working;
  say('no more faults: waiting until everything has ended');
  receiver.heal();
  await cluster.ready();
  const stuck = await checkStuck(cluster, stuckLimitMs);
  for (const client of clients) await client.readEverything();
  const stored = await readStoredData(cluster);
  const [callbacks, fired] = [await readExpectedCallbacks(cluster), await readFiredTicks(cluster)];
  const openDescriptors = checkDescriptors(descriptors, await countDescriptors(cluster));
  say('stopping all nodes');
  const killed = await cluster.stopNodes();
  await reader.stop();
  await receiver.stop();
  reader.tell(history, runsByToken(stored));
  await history.write(path.join(folder, 'history.jsonl'));
  const broken = brokenRules(history).flatMap(({ rule, times }) =>
    times.map((sentence): Finding => ({ kind: 'broken rules', sentence: `${rule.name}: ${sentence}` })),
  );
  return {
    faults,
    acknowledged: reader.tally.acknowledged,
    findings: [
      ...broken,
      ...checkStoredData(reader.tally, stored),
      ...checkCallbacks(callbacks, receiver.received),
      ...checkTicks(scheduled, fired),
      ...stuck,
      ...(reader.tally.acknowledged > 0 ? [] : [nothingAcknowledged]),
      ...openDescriptors,
      ...(await checkLeftOver(cluster, killed)),
    ],
    remarks: [
      `runs ${stored.counts.length}, workers ${reader.tally.workers.size}, callbacks ${receiver.received.length}, ticks ${scheduled.length}`,
      `history: ${history.size} observations, ${history.calls().filter((call) => succeeded(call)).length} answered with success`,
    ],
  };
}

/** @returns slug of the worker */
async function publishWorker(cluster: Cluster, folder: string): Promise<string> {
  await layOutWorker(folder);
  const form = new FormData();
  form.append('scraper_file', new Blob([await buffer(await zipFolder(folder))]), 'package.zip');
  form.append('title', 'Tally');
  return (await cluster.call<{ slug: string }>('/workers', form)).slug;
}
