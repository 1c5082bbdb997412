/**
 * Bundles the `chela` program and its dependencies into `dist/`: plain JavaScript in few files, which loads faster than
 * several hundred, and which Node also runs below `node_modules`, where it does not strip types.
 *
 * Code finds its other files (SQL, Python, documents) by their place beside its source, so `dist/` must stand beside
 * `src/`.
 */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { rolldown, type Plugin } from 'rolldown';
import { licenseTexts } from './license-texts.ts';
import { unbundledPackages } from './unbundled-packages.ts';

const root = path.resolve(import.meta.dirname, '..');
const sources = path.join(root, 'src');
const folder = path.join(root, 'dist');

/** Files of `src/` that the program starts as threads. */
const threads = [
  'results/export-thread.ts',
  'runner/dependencies/declaration-thread.ts',
  'workers/package-thread.ts',
];

const threadAddress = /new URL\('([\w-]+-thread)\.ts', import\.meta\.url\)/g;

/** The address of a source file or folder as an expression, for code of the bundle. */
function addressFromBundle(place: string): string {
  const relative = path.relative(folder, place).split(path.sep).join('/');
  return `new URL(${JSON.stringify(relative)}, import.meta.bundled)`;
}

/** Lets `import.meta` keep the place of the source file. Threads are the exception: they are in the bundle themselves. */
const placesOfSources: Plugin = {
  name: 'places-of-sources',
  transform(code, id) {
    if (!id.startsWith(`${sources}${path.sep}`) || !code.includes('import.meta')) return undefined;
    const here = path.dirname(id);
    const bundled = code
      .replaceAll(threadAddress, (_address, name: string) => {
        const file = path.relative(sources, path.join(here, `${name}.ts`));
        if (!threads.includes(file)) throw new Error(`add ${file} to the threads in bundle-server.ts`);
        return `new URL('./${name}.js', import.meta.bundled)`;
      })
      .replaceAll('import.meta.url', `${addressFromBundle(id)}.href`)
      .replaceAll(
        'import.meta.dirname',
        `process.getBuiltinModule('url').fileURLToPath(${addressFromBundle(here)})`,
      )
      .replaceAll('import.meta.bundled', 'import.meta.url');
    // Every line stays where it is, so the map of the source holds.
    return { code: bundled, map: null };
  },
};

/**
 * What dockerode needs only to build images and to reach engines by SSH, which Chela does not do. It loads all of it, and
 * some has to be compiled.
 */
const unneeded: Plugin = {
  name: 'unneeded-parts-of-dockerode',
  resolveId: (id, importer) =>
    ['ssh2', '@grpc/grpc-js', '@grpc/proto-loader'].includes(id) && /node_modules.docker/.test(importer ?? '')
      ? '\0empty'
      : undefined,
  load: (id) => (id === '\0empty' ? 'module.exports = {};' : undefined),
};

const bundle = await rolldown({
  input: Object.fromEntries(
    ['main.ts', ...threads].map((file) => [path.basename(file, '.ts'), path.join(sources, file)]),
  ),
  platform: 'node',
  // pg-native is an optional part of pg that nobody installs here.
  external: [...unbundledPackages, 'pg-native'],
  plugins: [placesOfSources, unneeded],
  onLog(level, log) {
    if (log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message);
    if (level === 'warn' && log.id?.startsWith(sources)) process.stderr.write(`${log.message}\n`);
  },
});
await rm(folder, { recursive: true, force: true });
const { output } = await bundle.write({ dir: folder, format: 'esm', sourcemap: true });
const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
await writeFile(path.join(folder, 'THIRD-PARTY-LICENSES.txt'), await licenseTexts(modules));
