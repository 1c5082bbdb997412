/** Accepts a zip: unpacks it safely, checks it and stores it by content hash. Publishing it is done elsewhere. */
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { PackageCache } from './package-cache.ts';
import type { PackageReader, ReadPackage } from './package-reader.ts';

export interface AcceptedPackage extends ReadPackage {
  /** Size of the zip. */
  readonly sizeBytes: number;
}

/**
 * @param zipFile path of the uploaded zip, which is not moved
 * @throws ChelaError INVALID_ARGUMENT with every reason, leaving nothing on disk
 */
export async function acceptPackage(
  zipFile: string,
  packages: PackageCache,
  reader: PackageReader,
): Promise<AcceptedPackage> {
  const draft = await packages.draftDir();
  try {
    const unpackedDir = path.join(draft, 'unpacked');
    const read = await reader.publish(zipFile, unpackedDir);
    await packages.add(read.hash, zipFile, unpackedDir);
    const { size } = await stat(zipFile);
    return { ...read, sizeBytes: size };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
