/** Says what a start of this version would change in the database. */
import { statfs } from 'node:fs/promises';
import type { Config } from '../configuration/configuration.ts';
import { planUpgrade, type Database, type UpgradePlan } from '../database/database.ts';
import { runnersOfOtherVersions } from '../runner/runner.ts';
import { version } from '../version.ts';
import { CommandError } from './command-error.ts';
import { print } from './printing.ts';
import { sizeText } from './size-text.ts';
import { withDatabase } from './with-database.ts';

/** @throws CommandError if the database cannot be upgraded */
export async function checkUpgrade(config: Config): Promise<void> {
  await withDatabase(config, async (database) => {
    const plan = await planUpgrade(database.pool);
    await printPlan(plan);
    await printRunners(database);
    await checkDisk(config, plan);
  });
}

async function printPlan({ migrations }: UpgradePlan): Promise<void> {
  if (migrations.length === 0) return print(`The database is that of Chela ${version}: nothing to migrate.`);
  const counted = migrations.length === 1 ? '1 migration' : `${migrations.length} migrations`;
  await print(`Chela ${version} applies ${counted} when it starts:`);
  for (const { name, risks } of migrations) {
    await print(`  ${name}`);
    for (const { table, tableBytes, rows, rule, effect } of risks)
      await print(`    locks ${table} (about ${rows} rows, ${sizeText(tableBytes)}), ${rule}: ${effect}`);
  }
  const locking = migrations.filter(({ risks }) => risks.length > 0).length;
  await print(
    locking === 0
      ? 'None of them locks a large table: the platform can work meanwhile.'
      : `Migrations that lock a large table: ${locking}. Choose a quiet time.`,
  );
}

async function printRunners(database: Database): Promise<void> {
  const runners = await runnersOfOtherVersions(database, version);
  for (const runner of runners)
    await print(
      `The runner ${runner.hostname} (process ${runner.processId}) has Chela ${runner.version || 'of an unknown version'}: upgrade it too.`,
    );
}

/** Only the disk of the embedded database is on this machine. */
async function checkDisk({ databaseUrl, dataDir }: Config, { neededBytes }: UpgradePlan): Promise<void> {
  if (databaseUrl !== '') {
    if (neededBytes > 0)
      await print(`The disk of the database server needs up to ${sizeText(neededBytes)} more.`);
    return;
  }
  const { bavail, bsize } = await statfs(dataDir);
  const freeBytes = bavail * bsize;
  if (neededBytes > freeBytes)
    throw new CommandError(
      `the disk of ${dataDir} has ${sizeText(freeBytes)} free, but the migrations may need ${sizeText(neededBytes)}: make room first`,
    );
  await print(
    `The disk has ${sizeText(freeBytes)} free; the migrations need up to ${sizeText(neededBytes)}.`,
  );
}
