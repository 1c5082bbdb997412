/** The worker as a package without dependencies, so that runners in closed networks need not install any. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { rolldown } from 'rolldown';

/** Writes the package to a new folder. */
export async function layOutWorker(folder: string): Promise<void> {
  await mkdir(folder);
  const bundle = await rolldown({
    input: path.join(import.meta.dirname, 'main.js'),
    platform: 'node',
    logLevel: 'silent',
  });
  await bundle.write({ file: path.join(folder, 'main.js'), format: 'cjs', codeSplitting: false });
  await bundle.close();
  await cp(path.join(import.meta.dirname, 'input_schema.json'), path.join(folder, 'input_schema.json'));
  await writeFile(path.join(folder, 'README.md'), '# Worker that keeps a tally\n');
}
