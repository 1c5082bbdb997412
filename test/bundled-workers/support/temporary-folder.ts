import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';

/** Call it at the top of a file or describe block: the folder exists as long as the tests there run. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'chela-bundled-workers-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
