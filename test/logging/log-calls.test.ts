/** How the code calls loggers: an error is passed whole as \`err\`, so that the log has its stack. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parseSync, Visitor } from 'vite';

type Program = ReturnType<typeof parseSync>['program'];

const source = path.join(import.meta.dirname, '..', '..', 'src');
const levels = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal']);
const isLogger = /(?:^|[.#])(?:log|logger)$/i;
const isErrorMessage = /\bmessage\b/;
const isErrorKey = /(?:^|[{,]\s*)(?:error|e|exception)\s*[:,}]/;

/** The logger calls in a module, as source text. */
function callsOf(text: string, program: Program): string[] {
  const calls: string[] = [];
  new Visitor({
    CallExpression: ({ callee, start, end }) => {
      if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return;
      const object = text.slice(callee.object.start, callee.object.end);
      if (levels.has(callee.property.name) && isLogger.test(object)) calls.push(text.slice(start, end));
    },
  }).visit(program);
  return calls;
}

/** The rules that such a call breaks. */
function isWrong(call: string): boolean {
  const given = call.slice(call.indexOf('('));
  return isErrorMessage.test(given) || isErrorKey.test(given);
}

async function wrongCalls(): Promise<{ count: number; wrong: string[] }> {
  const files = (await readdir(source, { recursive: true })).filter((name) => name.endsWith('.ts'));
  const found = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(path.join(source, file), 'utf8');
      const calls = callsOf(text, parseSync(file, text).program);
      return { count: calls.length, wrong: calls.filter(isWrong).map((call) => `${file}: ${call}`) };
    }),
  );
  return {
    count: found.reduce((sum, { count }) => sum + count, 0),
    wrong: found.flatMap(({ wrong }) => wrong),
  };
}

test('logger calls pass errors as err, and never only their message', async () => {
  const { count, wrong } = await wrongCalls();
  expect(count).toBeGreaterThan(5);
  expect(wrong).toEqual([]);
});

test.each([
  "logger.error({ error }, 'text')",
  "this.#logger.warn({ run, error: (thrown as Error).message }, 'text')",
  "request.log.error({ reason: error.message }, 'text')",
  "this.#options.logger.warn({ subtask, e }, 'text')",
  // oxlint-disable-next-line no-template-curly-in-string -- code that the test reads
  'logger.warn(`text: ${error.message}`)',
])('%s breaks the rule', (code) => {
  const calls = callsOf(code, parseSync('call.ts', code).program);
  expect(calls.map(isWrong)).toEqual([true]);
});

test.each([
  "logger.error({ err }, 'text')",
  "this.#logger.warn({ service, err: error }, 'text')",
  "logger.info({ subtasks: 3 }, 'waiting for subtasks to end')",
])('%s follows the rule', (code) => {
  const calls = callsOf(code, parseSync('call.ts', code).program);
  expect(calls.map(isWrong)).toEqual([false]);
});
