/**
 * The workers that come with Chela. The system account publishes them in the store, with a new version after each
 * change.
 */
import { createWriteStream } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { systemAccountName, type Accounts } from '../accounts/accounts.ts';
import { zipFolder } from './archive.ts';
import type { PackageCache } from './package-cache.ts';
import { workerPath } from './worker-id.ts';
import { PackageUnchangedError, type Workers } from './workers.ts';

const bundledDir = path.resolve(import.meta.dirname, '..', '..', 'workers');

/** First heading and first paragraph of a README: the title and description of the worker. */
function describe(readme: string, name: string): { title: string; description: string } {
  const [, title = name] = /^#\s+(.+)$/m.exec(readme) ?? [];
  const paragraph = readme
    .split(/\n\s*\n/)
    .map((part) => part.trim())
    .find((part) => part !== '' && !part.startsWith('#'));
  return { title: title.trim(), description: (paragraph ?? '').replaceAll(/\s+/g, ' ') };
}

interface BundledWorkersServices {
  readonly accounts: Accounts;
  readonly workers: Workers;
  readonly packages: PackageCache;
}

/** Publishes new and changed workers. Safe to call at every start. @returns paths of the published workers */
export async function publishBundledWorkers(services: BundledWorkersServices): Promise<string[]> {
  const { accounts, workers, packages } = services;
  const owner = await accounts.ensure(systemAccountName);
  const published: string[] = [];
  for (const name of (await readdir(bundledDir)).toSorted()) {
    const folder = path.join(bundledDir, name);
    const details = describe(await readFile(path.join(folder, 'README.md'), 'utf8'), name);
    const draft = await packages.draftDir();
    try {
      const zipFile = path.join(draft, 'package.zip');
      await pipeline(await zipFolder(folder), createWriteStream(zipFile));
      const workerId = workerPath(owner.name, name);
      if ((await workers.find(owner.id, workerId)) === undefined) {
        await workers.create(owner, zipFile, { name, ...details }, { isPublic: true });
      } else {
        await workers.addVersion(owner.id, workerId, zipFile, details);
      }
      published.push(workerId);
    } catch (error) {
      if (!(error instanceof PackageUnchangedError)) throw error;
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
  return published;
}
