import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { InstallerOutput } from '../../src/runner/dependencies/installer-output.ts';

test('lines are the same however the output is split into chunks', async () => {
  const bytes = Buffer.from('one\r\ntwo ä\n\r\nthree\rfour\r\n€');
  for (let size = 1; size <= bytes.length; size += 1) {
    const printed: string[] = [];
    const output = new InstallerOutput(
      (line) => printed.push(line),
      (line) => line,
    );
    const count = Math.ceil(bytes.length / size);
    const pieces = Array.from({ length: count }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    );
    await output.read(Readable.from(pieces));
    expect(printed).toEqual(['one', 'two ä', 'four', '€']);
  }
});

test('endless output is printed up to the limit, and its last lines are kept', async () => {
  const printed: string[] = [];
  const output = new InstallerOutput(
    (line) => printed.push(line),
    (line) => line,
    3,
  );
  await output.read(Readable.from([Buffer.from('1\n2\n\n3\n4\n5\n'), Buffer.from('the end')]));
  const notice = 'the limit of 3 lines (CHELA_INSTALL_LOG_LINE_LIMIT) is reached: further lines are dropped';
  expect(printed).toEqual(['1', '2', '3', notice]);
  expect(output.tail).toBe('1\n2\n3\n4\n5\nthe end');
});

test('colors are removed, and errors are found without them', async () => {
  const printed: string[] = [];
  const output = new InstallerOutput(
    (line) => printed.push(line),
    (line) => line,
  );
  await output.read(Readable.from([Buffer.from('\u001B[31mERROR: no wheel\u001B[0m\n\r10%\r90%\n')]));
  expect(printed).toEqual(['ERROR: no wheel', '90%']);
  expect(output.errors).toEqual(['ERROR: no wheel']);
});
