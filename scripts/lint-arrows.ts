/**
 * `npm run lint:arrows`: checks imports against the rooms in `docs/architecture.md`. Exits with 1 if a rule is broken.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { checkArrows } from './arrows/check-arrows.ts';
import { readImports } from './arrows/imports.ts';
import { readExemptions, readRooms } from './arrows/rooms.ts';

const root = path.resolve(import.meta.dirname, '..');
const page = await readFile(path.join(root, 'docs', 'architecture.md'), 'utf8');
const imports = await readImports(path.join(root, 'src'), ['.', '../console/src']);
const problems = checkArrows(imports, readRooms(page), readExemptions(page));
for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) process.exitCode = 1;
else process.stdout.write(`${imports.length} imports keep to the rooms of docs/architecture.md\n`);
