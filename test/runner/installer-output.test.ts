import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { OutputLines } from '../../src/runner/dependencies/output-lines.ts';

test('an installation that prints without end is printed up to the limit, and its last lines are kept', async () => {
  const printed: string[] = [];
  const output = new OutputLines(
    (line) => printed.push(line),
    (line) => line,
    3,
  );
  await output.read(Readable.from([Buffer.from('1\n2\n\n3\n4\n5\n'), Buffer.from('the end')]));
  const notice = 'more than 3 lines (CHELA_INSTALL_LOG_LINE_LIMIT), the rest is not kept';
  expect(printed).toEqual(['1', '2', '3', notice]);
  expect(output.tail).toBe('1\n2\n3\n4\n5\nthe end');
});
