/** Writes compressed copies beside the built files of the console, which the server sends to clients that accept them. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const compressible = /\.(?:css|html|js|json|md|svg|txt|webmanifest)$/;
/** Smaller files gain nothing. */
const minBytes = 1024;
/** The next levels take ten times as long for a few percent. */
const brotliQuality = 9;
const gzipLevel = 9;

async function compressFile(file: string): Promise<void> {
  const content = await readFile(file);
  if (content.length < minBytes) return;
  const params = { [constants.BROTLI_PARAM_QUALITY]: brotliQuality };
  await writeFile(`${file}.br`, await promisify(brotliCompress)(content, { params }));
  // Browsers accept brotli only over HTTPS and on their own machine.
  await writeFile(`${file}.gz`, await promisify(gzip)(content, { level: gzipLevel }));
}

/** @param folder of the build */
export function compressedCopies(folder: string): Plugin {
  return {
    name: 'compressed-copies',
    apply: 'build',
    async closeBundle() {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const files = entries
        .filter((entry) => entry.isFile() && compressible.test(entry.name))
        .map((entry) => path.join(entry.parentPath, entry.name));
      await Promise.all(files.map(compressFile));
    },
  };
}
