import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '..', '..');

test('every threat has a defense, and names tests that exist', async () => {
  const page = await readFile(path.join(root, 'docs', 'security.md'), 'utf8');
  const rows = page.split('\n').filter((line) => /^\| [A-Z]/.test(line) && !line.startsWith('| Threat '));
  expect(rows.length).toBeGreaterThan(25);
  for (const row of rows) {
    const [, threat = '', defense = '', tests = ''] = row.split('|').map((cell) => cell.trim());
    const files = [...tests.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file);
    expect({ threat, defense: defense !== '', tests: files.length > 0 }).toEqual({
      threat,
      defense: true,
      tests: true,
    });
    for (const file of files) await access(path.join(root, file));
  }
});
