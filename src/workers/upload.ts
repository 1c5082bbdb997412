/** Takes a zip in: unpacked safely, checked, kept by its content hash. What it is published as is decided elsewhere. */
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { unpackZip, type UnpackLimits } from './archive.ts';
import { contentHash } from './content-hash.ts';
import type { PackageCache } from './package-cache.ts';
import { checkPackage, type PackageReport } from './package-check.ts';

export interface AcceptedPackage {
  readonly hash: string;
  /** Of the zip. */
  readonly sizeBytes: number;
  readonly report: PackageReport;
}

/**
 * @param zipFile path of the uploaded zip, which stays where it is
 * @throws ChelaError INVALID_ARGUMENT with every reason, leaving nothing on disk
 */
export async function acceptPackage(
  zipFile: string,
  packages: PackageCache,
  limits: UnpackLimits,
): Promise<AcceptedPackage> {
  const draft = await packages.draftDir();
  try {
    const unpackedDir = path.join(draft, 'unpacked');
    await unpackZip(zipFile, unpackedDir, limits);
    const report = await checkPackage(unpackedDir);
    const hash = await contentHash(unpackedDir);
    await packages.add(hash, zipFile, unpackedDir);
    const { size } = await stat(zipFile);
    return { hash, sizeBytes: size, report };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
