/** Which line of pip's or npm's output contains the reason for a failure. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { DependencyCache } from '../../src/runner/dependencies/dependency-cache.ts';
import { FailedInstalls } from '../../src/runner/dependencies/failed-installs.ts';
import { npmHeadline } from '../../src/runner/dependencies/npm.ts';
import { InstallerOutput } from '../../src/runner/dependencies/installer-output.ts';
import { pipHeadline } from '../../src/runner/dependencies/pip.ts';
import { makeReachableFolder, removeFolder } from './worker-package.ts';

function errorsOf(text: string): readonly string[] {
  const output = new InstallerOutput(
    () => undefined,
    (line) => line,
  );
  for (const line of text.split('\n')) output.add(line);
  return output.errors;
}

test.for([
  [
    'a version that does not exist',
    `Looking in indexes: https://pypi.org/simple
ERROR: Could not find a version that satisfies the requirement six==99 (from versions: 1.0, 1.1)
ERROR: No matching distribution found for six==99`,
    'ERROR: No matching distribution found for six==99',
  ],
  [
    'a conflict, with a long explanation after it',
    `ERROR: Cannot install a==1 and b==2 because these package versions have conflicting dependencies.

The conflict is caused by:
${'    a 1 depends on c<2\n'.repeat(100)}
ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/en/latest/topics/dependency-resolution/`,
    'ERROR: Cannot install a==1 and b==2 because these package versions have conflicting dependencies.',
  ],
  [
    'a build that fails before it begins',
    `  error: subprocess-exited-with-error
error: subprocess-exited-with-error
× Getting requirements to build wheel did not run successfully.
│ exit code: 1
╰─> [2 lines of output]
      ModuleNotFoundError: No module named 'numpy'
      [end of output]
note: This error originates from a subprocess, and is likely not a problem with pip.`,
    "error: ModuleNotFoundError: No module named 'numpy'",
  ],
  ['no line that is marked as an error', 'Traceback (most recent call last):', ''],
] as const)('pip: %s', ([, text, headline]) => {
  expect(pipHeadline(errorsOf(text))).toBe(headline);
});

test.for([
  [
    'a package that does not exist',
    `npm error code E404
npm error 404 Not Found - GET https://registry.npmjs.org/gone - Not found
npm error 404
npm error 404  'gone@1.0.0' is not in this registry.`,
    'npm error 404 Not Found - GET https://registry.npmjs.org/gone - Not found',
  ],
  [
    'a version that does not exist',
    `npm error code ETARGET
npm error notarget No matching version found for six@99.
npm error notarget In most cases you or one of your dependencies are requesting`,
    'npm error notarget No matching version found for six@99.',
  ],
  [
    'conflicting peer dependencies, as worded by an older npm',
    `npm ERR! code ERESOLVE
npm ERR! ERESOLVE unable to resolve dependency tree`,
    'npm ERR! ERESOLVE unable to resolve dependency tree',
  ],
] as const)('npm: %s', ([, text, headline]) => {
  expect(npmHeadline(errorsOf(text))).toBe(headline);
});

test('a failure is remembered for minutes, for the same run, version and content', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const failed = new FailedInstalls();
  const version = { id: 1, package_hash: 'a', language: 'node', entry: 'main.js' } as const;
  const error = new Error('no such package');
  const remember = (): void => failed.remember(version, 7, error);
  remember();
  expect(failed.of(version, 7)).toBe(error);
  expect(failed.of({ ...version, id: 2 }, 7)).toBeUndefined();
  expect(failed.of({ ...version, package_hash: 'b' }, 7)).toBeUndefined();
  remember();
  expect(failed.of(version, 8)).toBeUndefined();
  remember();
  vi.advanceTimersByTime(11 * 60_000);
  expect(failed.of(version, 7)).toBeUndefined();
});

test('while a package manager is silent, a line is printed every few seconds', async () => {
  const parent = await makeReachableFolder();
  onTestFinished(async () => removeFolder(parent));
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const lines: string[] = [];
  await new DependencyCache(parent).folder(
    'key',
    async ({ print }) => {
      print('Collecting six');
      vi.advanceTimersByTime(9000);
      print('Building wheel');
      vi.advanceTimersByTime(25_000);
    },
    (line) => lines.push(line),
  );
  expect(lines).toEqual([
    'Collecting six',
    'Building wheel',
    'still installing, 19 s so far',
    'still installing, 29 s so far',
  ]);
});
