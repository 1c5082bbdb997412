import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Set by `npm run coverage`: where child processes of the tests write what they run. */
const childCoverage = process.env['CHELA_TEST_COVERAGE_DIR'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/global-setup.ts',
    // Most of a test's time is waiting for other processes.
    maxWorkers: availableParallelism() + 1,
    // Limits end what hangs, and nothing else: tests wait on signals and pass on a busy machine.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Functions from the compile cache are not counted as exactly.
    env:
      childCoverage === undefined ? {} : { NODE_V8_COVERAGE: childCoverage, NODE_DISABLE_COMPILE_CACHE: '1' },
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reporter: ['json'], reportOnFailure: true },
  },
});
