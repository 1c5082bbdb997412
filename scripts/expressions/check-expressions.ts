/** Checks that no regular expression of the platform can backtrack for longer than linear time. */
import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { readExpressions, type Problem } from './read-expressions.ts';
import { safe, Verdicts } from './verdicts.ts';

/** All code that may process text from outside: the platform, the console, the SDK and the bundled workers. */
const sources = '{src,console/src,scripts,sdk,workers}/**/*.{js,cjs,mjs,ts,cts,mts,tsx}';
const leftOut = ['**/node_modules/**', '**/*_pb.js'];

/** @param root of the repository @returns paths below it, in order */
async function sourceFiles(root: string): Promise<string[]> {
  const files = await Array.fromAsync(glob(sources, { cwd: root, exclude: leftOut }));
  return files.toSorted();
}

/**
 * @param root of the repository
 * @returns vulnerable, undecided and non-constant expressions, and unused exemptions
 */
export async function checkExpressions(root: string): Promise<{ checked: number; problems: Problem[] }> {
  const found = await Promise.all(
    (await sourceFiles(root)).map(async (file) =>
      readExpressions(file, await readFile(path.join(root, file), 'utf8')),
    ),
  );
  const expressions = found.flatMap((each) => each.expressions);
  const verdicts = await Verdicts.open(
    path.join(root, 'node_modules', '.cache', 'chela', 'expressions.json'),
  );
  const judged = await Promise.all(
    expressions.map(async (expression) => ({ expression, verdict: await verdicts.of(expression) })),
  );
  await verdicts.keep(expressions);
  const problems = found.flatMap((each) => each.problems);
  for (const { expression, verdict } of judged) {
    const { file, line, source, flags, exemption } = expression;
    if (exemption === undefined && verdict !== safe)
      problems.push({ file, line, message: `/${source}/${flags} ${verdict}` });
    if (exemption !== undefined && verdict === safe)
      problems.push({ file, line, message: `/${source}/${flags} needs no exemption: it is safe` });
  }
  return { checked: expressions.length, problems };
}
