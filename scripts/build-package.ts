/**
 * Makes the npm package of Chela: `npm run package` writes it to `output/chela-VERSION.tgz`.
 *
 * The repository's own package.json lists what the build needs, too, so it is private. The package's is derived from it.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildConsole } from './build-console.mjs';
import { buildServer } from './build-server.mjs';
import { unbundledPackages } from './unbundled-packages.ts';

const root = path.resolve(import.meta.dirname, '..');
const outputDir = path.join(root, 'output');

/** What the package consists of. Of `src/` it has what the bundle does not contain. */
const parts = [
  'bin',
  'console/dist',
  'dist',
  'docs',
  'sdk',
  'src',
  'templates',
  'workers',
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
];
/** Sources, their maps, and the record of a build. */
const leftOut = /^src\/.*\.ts$|\.map$|\.built-from$/;

interface Manifest {
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly engines: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

async function readManifest(): Promise<Manifest> {
  return JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as Manifest;
}

function packageManifest(own: Manifest): object {
  const { version, description, license, bin, engines, optionalDependencies } = own;
  return {
    name: 'chela',
    version,
    description,
    license,
    type: 'module',
    bin,
    engines,
    dependencies: Object.fromEntries(unbundledPackages.map((name) => [name, own.dependencies[name]])),
    optionalDependencies,
  };
}

/** @returns path of the package's file */
export async function buildPackage(): Promise<string> {
  if (!buildServer() || !buildConsole()) throw new Error('the build failed, see above');
  const manifest = await readManifest();
  const folder = path.join(outputDir, 'package');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const part of parts) {
    await cp(path.join(root, part), path.join(folder, part), {
      recursive: true,
      filter: (file) => !leftOut.test(path.relative(root, file).split(path.sep).join('/')),
    });
  }
  await writeFile(
    path.join(folder, 'package.json'),
    `${JSON.stringify(packageManifest(manifest), undefined, 2)}\n`,
  );
  await promisify(execFile)('npm', ['pack', folder, '--pack-destination', outputDir], { cwd: outputDir });
  return path.join(outputDir, `chela-${manifest.version}.tgz`);
}

if (import.meta.main) process.stdout.write(`${await buildPackage()}\n`);
