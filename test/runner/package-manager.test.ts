import os from 'node:os';
import { expect, test } from 'vitest';
import { runPackageManager } from '../../src/runner/dependencies/package-manager.ts';

const options = {
  folder: os.tmpdir(),
  environment: {},
  timeLimitSeconds: 60,
  print: () => undefined,
  edit: (line: string) => line,
};

test('a package manager that is not installed is named', async () => {
  const { signal } = new AbortController();
  await expect(runPackageManager('absent-pip', [], { ...options, signal })).rejects.toThrow(
    'absent-pip is not on PATH, but it is required for installing dependencies',
  );
});

test('an installation that was aborted before it started is killed', async () => {
  const signal = AbortSignal.abort(new Error('the run was aborted'));
  await expect(runPackageManager('sleep', ['600'], { ...options, signal })).rejects.toThrow(
    'the run was aborted',
  );
});
