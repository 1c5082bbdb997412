import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';

/** Called at the top of a file or of a describe block: a folder that lasts as long as the tests there. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'chela-bundled-workers-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
