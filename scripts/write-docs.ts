/** Writes generated documentation: `docs/configuration.md` from the table of settings. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { configurationPage } from '../src/configuration/configuration-page.ts';

await writeFile(path.resolve(import.meta.dirname, '..', 'docs', 'configuration.md'), configurationPage());
