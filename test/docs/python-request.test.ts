import { expect, test } from 'vitest';
import { pythonOf } from '../../src/documentation/request.ts';

function bodyOf(value: unknown): string {
  const request = { method: 'POST', url: 'http://chela.example/', headers: {}, body: JSON.stringify(value) };
  return (/^ {4}json=(.*?),\n\)/ms.exec(pythonOf(request))?.[1] ?? '').replaceAll(/\n {4}/g, '\n');
}

test('a Python request uses True, False and None, and keeps strings unchanged', () => {
  expect(bodyOf({ yes: true, list: [false, null], text: 'is: true, [null]', line: 'true\u2028null' })).toBe(
    `{
    "yes": True,
    "list": [
        False,
        None
    ],
    "text": "is: true, [null]",
    "line": "true\u2028null"
}`,
  );
  expect(bodyOf(null)).toBe('None');
});
