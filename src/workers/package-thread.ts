/** The thread that reads worker packages. */
import { serveTasks } from '../threads/serve-tasks.ts';
import { unpackZip } from './archive.ts';
import { contentHash } from './content-hash.ts';
import { Findings } from './findings.ts';
import { checkPackage } from './package-check.ts';
import type { PackageTask, ReadPackage } from './package-reader.ts';

async function readPackage(directory: string, findings: Findings): Promise<ReadPackage> {
  const { inputSchema: _, outputSchema, ...report } = await checkPackage(directory, findings);
  return {
    ...report,
    hash: await contentHash(directory),
    outputSchemaText: outputSchema === undefined ? undefined : JSON.stringify(outputSchema),
  };
}

serveTasks(async ({ kind, zipFile, directory, limits }: PackageTask) => {
  const findings = new Findings();
  await unpackZip(zipFile, directory, limits, findings);
  return kind === 'publish' ? readPackage(directory, findings) : undefined;
});
