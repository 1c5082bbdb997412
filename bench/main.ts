/** `npm run bench`: measures the performance targets, all or the named ones, and prints a Markdown table. */
import { parseArgs } from 'node:util';
import type { Bench, Line } from './bench.ts';
import { resultTable, writeResults } from './report.ts';
import { exportRows } from './rows/exports.ts';
import { idleMemory } from './rows/idle-memory.ts';
import { lastRun } from './rows/last-run.ts';
import { lastRunGrowth } from './rows/last-run-growth.ts';
import { lists } from './rows/lists.ts';
import { manyRuns } from './rows/many-runs.ts';
import { network } from './rows/network.ts';
import { proxy } from './rows/proxy.ts';
import { push } from './rows/push.ts';
import { start } from './rows/start.ts';
import { streams } from './rows/streams.ts';
import { describeMachine } from './support/machine.ts';
import { SharedWorkbench } from './workbench.ts';

/** Idle memory comes first, since it is measured on a fresh installation. */
const benches: readonly Bench[] = [
  idleMemory,
  start,
  manyRuns,
  push,
  proxy,
  network,
  exportRows,
  lastRun,
  lastRunGrowth,
  lists,
  streams,
];

const usage = `usage: npm run bench -- [--write] [NAME…]
  --write  writes the table to docs/benchmarks.md
  NAME     ${benches.map(({ name }) => name).join(', ')}; all by default`;

function chosenBenches(names: readonly string[]): readonly Bench[] {
  if (names.length === 0) return benches;
  return names.map((name) => {
    const bench = benches.find((candidate) => candidate.name === name);
    if (bench === undefined) throw new Error(`there is no benchmark ${name}\n${usage}`);
    return bench;
  });
}

async function measureAll(workbench: SharedWorkbench, chosen: readonly Bench[]): Promise<string> {
  const lines: Line[] = [];
  const { databaseUrl } = await workbench.installation();
  for (const bench of chosen) {
    process.stderr.write(`bench: ${bench.name} …\n`);
    lines.push(...(await bench.measure(workbench)));
  }
  return `${resultTable(lines)}\n\n${await describeMachine(databaseUrl)}`;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { write: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const chosen = chosenBenches(positionals);
  if (values.write && chosen.length < benches.length) {
    throw new Error(`--write is for the whole table: leave the names out\n${usage}`);
  }
  await using workbench = await SharedWorkbench.open();
  const interrupted = Promise.withResolvers<never>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interrupted.reject(new Error(`stopped by ${signal}`)));
  }
  const results = await Promise.race([measureAll(workbench, chosen), interrupted.promise]);
  process.stdout.write(`${results}\n`);
  if (values.write) await writeResults(results);
}

await main().catch((error: unknown) => {
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = 1;
});
