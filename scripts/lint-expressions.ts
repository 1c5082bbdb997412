/** `npm run lint:expressions`: fails if a regular expression may take more than linear time. */
import path from 'node:path';
import { checkExpressions } from './expressions/check-expressions.ts';

const { checked, problems } = await checkExpressions(path.resolve(import.meta.dirname, '..'));
for (const { file, line, message } of problems) process.stdout.write(`${file}:${line}: ${message}\n`);
process.stdout.write(`Checked ${checked} expressions, ${problems.length} of them with a problem.\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
