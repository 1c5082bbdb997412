import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Set by `npm run coverage`: where child processes of the tests write what they run. */
const childCoverage = process.env['CHELA_TEST_COVERAGE_DIR'];

/**
 * Folders whose files each run in their own process, because they count what their process opens, or fill its memory. The
 * other files share processes, which load the program only once.
 */
const isolated = ['escape', 'runner', 'services'].map((folder) => `test/${folder}/**/*.test.ts`);

const everyFile = {
  // Time limits only end tests that hang. Tests wait on signals, so they pass on a busy machine.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  expect: { poll: { timeout: 120_000 } },
  // Coverage does not count functions from the compile cache exactly.
  env:
    childCoverage === undefined ? {} : { NODE_V8_COVERAGE: childCoverage, NODE_DISABLE_COMPILE_CACHE: '1' },
};

export default defineConfig({
  test: {
    // Here and not in the projects: one PostgreSQL serves both.
    globalSetup: 'test/support/global-setup.ts',
    // Most of a test's time is waiting for other processes.
    maxWorkers: availableParallelism() + 1,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['json'],
      // It is emptied when the tests start, so it is not the folder of the child processes' reports.
      reportsDirectory: 'coverage/tests',
      reportOnFailure: true,
    },
    projects: [
      { test: { ...everyFile, name: 'isolated', include: isolated } },
      {
        test: {
          ...everyFile,
          name: 'shared',
          setupFiles: 'test/support/cheap-passwords.ts',
          include: ['test/**/*.test.ts'],
          exclude: isolated,
          isolate: false,
        },
      },
    ],
  },
});
