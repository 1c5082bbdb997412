/** The thread that reads worker packages. */
import { serveTasks } from '../threads/serve-tasks.ts';
import { unpackZip } from './archive.ts';
import { contentHash } from './content-hash.ts';
import { checkPackage } from './package-check.ts';
import type { PackageTask, ReadPackage } from './package-reader.ts';

async function readPackage(directory: string): Promise<ReadPackage> {
  const { inputSchema: _, outputSchema, ...report } = await checkPackage(directory);
  return {
    ...report,
    hash: await contentHash(directory),
    outputSchemaText: outputSchema === undefined ? undefined : JSON.stringify(outputSchema),
  };
}

serveTasks(async ({ kind, zipFile, directory, limits }: PackageTask) => {
  await unpackZip(zipFile, directory, limits);
  return kind === 'publish' ? readPackage(directory) : undefined;
});
