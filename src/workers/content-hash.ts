import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { listPackageFiles } from './package-files.ts';

async function fileHash(location: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(location), hash);
  return hash.digest('hex');
}

/**
 * Identifies a package's content: the SHA-256, as 64 hexadecimal digits, of all paths, executable bits and contents.
 * Times, owners, empty folders and the order in a zip do not matter.
 * @throws ChelaError INVALID_ARGUMENT if the folder contains links or special files
 */
export async function contentHash(dir: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of await listPackageFiles(dir, { links: 'refuse' })) {
    const mode = file.isExecutable ? 'x' : '-';
    // Lengths precede texts, so that no choice of names can imitate another list of files.
    hash.update(`${await fileHash(file.location)} ${mode} ${Buffer.byteLength(file.path)} ${file.path}\n`);
  }
  return hash.digest('hex');
}
