/** Which line of a worker's standard error becomes its error headline. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { SecretMask } from '../../src/logs/secret-mask.ts';
import { ErrorHeadline } from '../../src/runner/execution/error-headline.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'chela-test-headline-'));
afterAll(() => rmSync(folder, { recursive: true }));

function headlineOf(text: string, secrets: readonly string[] = []): string {
  const headline = new ErrorHeadline(new SecretMask(secrets));
  for (const line of text.split('\n')) headline.read(line);
  return headline.text;
}

/** Runs a failing program and returns what it prints as errors. */
function errorsOf(command: string, args: readonly string[]): string {
  const { stderr, status, signal } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
  expect([status, signal]).not.toEqual([0, null]);
  return stderr;
}

function isInstalled(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

let files = 0;
function written(text: string, ending: string): string {
  files += 1;
  const file = path.join(folder, `file${files}${ending}`);
  writeFileSync(file, text);
  return file;
}

describe('of Node', () => {
  test.each([
    ['an error', `throw new TypeError('x is undefined')`, 'TypeError: x is undefined'],
    ['its first line', `throw new Error('first\\nsecond')`, 'Error: first'],
    ['an error without a message', `throw new RangeError()`, 'RangeError'],
    [
      'a custom class',
      `class HttpError extends Error { name = 'HttpError' } throw new HttpError('403')`,
      'HttpError: 403',
    ],
    ['a thrown string', `throw 'no items'`, 'no items'],
    ['a syntax error', `const a = ;`, `SyntaxError: Unexpected token ';'`],
    ['a missing module', `require('./missing')`, `Error: Cannot find module './missing'`],
    [
      'a failed assertion',
      `require('assert').strictEqual(1, 2)`,
      'AssertionError [ERR_ASSERTION]: Expected values to be strictly equal:',
    ],
    ['a rejection', `Promise.reject(new Error('nobody waits'))`, 'Error: nobody waits'],
    ['a rejection with a string', `Promise.reject('why not')`, 'Unhandled promise rejection: why not'],
    [
      'several errors',
      `Promise.any([Promise.reject(new Error('one')), Promise.reject(new Error('two'))])`,
      'AggregateError: All promises were rejected (cause: Error: one)',
    ],
    [
      'a cause',
      `throw new Error('outer', { cause: new Error('inner') })`,
      'Error: outer (cause: Error: inner)',
    ],
    [
      'an error that is printed',
      `main().catch((error) => { console.error(error); process.exit(1) }); async function main() { throw new Error('caught') }`,
      'Error: caught',
    ],
    [
      'an error after other words',
      `console.error('giving up:', new Error('no route')); process.exit(1)`,
      'giving up: Error: no route',
    ],
    [
      'its stack',
      `try { null.x } catch (error) { console.error(error.stack); process.exit(1) }`,
      `TypeError: Cannot read properties of null (reading 'x')`,
    ],
    ['its message', `console.error('no items'); process.exit(1)`, 'no items'],
    ['no warning', `process.emitWarning('careful'); setTimeout(() => process.exit(1), 50)`, ''],
    [
      'the last of two errors',
      `console.error(new Error('handled')); console.error('trying again'); throw new Error('fatal')`,
      'Error: fatal',
    ],
    ['an error in color', `console.error('\\u001B[31mError: red\\u001B[39m'); process.exit(1)`, 'Error: red'],
    [
      'the line after a handled error',
      `console.error(new Error('handled')); for (let n = 0; n < 200; n += 1) console.error('page ' + n); process.exitCode = 1`,
      'page 199',
    ],
    [
      'npm',
      `console.error('npm error code E404\\nnpm error 404 Not Found\\nnpm error A complete log can be found'); process.exit(1)`,
      'npm error code E404',
    ],
    [
      'an error with hints below',
      `console.error('ERROR: wrong password\\nCheck the input.\\nSee the guide.'); process.exit(1)`,
      'ERROR: wrong password',
    ],
  ])('%s', (_, script, headline) => {
    expect(headlineOf(errorsOf(process.execPath, [written(script, '.cjs')]))).toBe(headline);
  });

  test('a missing package, and an error while loading a module', () => {
    const missing = written(`import 'no-such-package'`, '.mjs');
    expect(headlineOf(errorsOf(process.execPath, [missing]))).toMatch(
      /^Error \[ERR_MODULE_NOT_FOUND\]: Cannot find package 'no-such-package' imported from /,
    );
    const failing = written(`await fetch('http://127.0.0.1:1/')`, '.mjs');
    expect(headlineOf(errorsOf(process.execPath, [failing]))).toBe(
      'TypeError: fetch failed (cause: Error: bad port)',
    );
  });

  test('exhausted memory', () => {
    const script = written('const held = []; for (;;) held.push(new Array(1e5).fill(1.1));', '.cjs');
    expect(headlineOf(errorsOf(process.execPath, ['--max-old-space-size=30', script]))).toBe(
      'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
    );
  });
});

describe.skipIf(!isInstalled('python3', '--version'))('of Python', () => {
  test.each([
    ['an exception', `raise ValueError('bad value: 3')`, 'ValueError: bad value: 3'],
    ['its first line', `raise ValueError('first\\nsecond')`, 'ValueError: first'],
    [
      'an exception raised while another is handled',
      `try:\n  1/0\nexcept ZeroDivisionError as e:\n  raise RuntimeError('outer') from e`,
      'RuntimeError: outer',
    ],
    ['a custom class without a message', `class NoItems(Exception): pass\nraise NoItems`, 'NoItems'],
    ['a missing module', `import no_such_module`, `ModuleNotFoundError: No module named 'no_such_module'`],
    ['a syntax error', `x = (\n  1\n`, `SyntaxError: '(' was never closed`],
    [
      'an indentation',
      `def f():\nprint(1)\n`,
      'IndentationError: expected an indented block after function definition on line 1',
    ],
    ['deep recursion', `def f(): f()\nf()`, 'RecursionError: maximum recursion depth exceeded'],
    ['the message of sys.exit', `import sys\nsys.exit('no items')`, 'no items'],
    [
      'a logged exception',
      `import logging, sys\ntry: 1/0\nexcept Exception: logging.exception('could not load')\nsys.exit(3)`,
      'ZeroDivisionError: division by zero',
    ],
    [
      'an exception of a thread',
      `import threading, sys\ndef f(): raise ValueError('in thread')\nt = threading.Thread(target=f); t.start(); t.join()\nsys.exit(1)`,
      'ValueError: in thread',
    ],
    [
      'no exception ignored at exit',
      `class D:\n  def __del__(self): raise OSError('in del')\nd = D()\nraise LookupError('real')`,
      'LookupError: real',
    ],
    [
      'the exception that ended the program, not one of a task',
      `import asyncio\nasync def a(): raise KeyError('never retrieved')\nasync def main():\n  asyncio.create_task(a()); await asyncio.sleep(0.01)\n  raise RuntimeError('main one')\nasyncio.run(main())`,
      'RuntimeError: main one',
    ],
    [
      'a crash',
      `import ctypes, faulthandler\nfaulthandler.enable()\nctypes.string_at(0)`,
      'Fatal Python error: Segmentation fault',
    ],
  ])('%s', (_, script, headline) => {
    expect(headlineOf(errorsOf('python3', [written(script, '.py')]))).toBe(headline);
  });

  // Since Python 3.11.
  test.skipIf(!isInstalled('python3', '-c', 'ExceptionGroup'))('an exception group', () => {
    const script = `import asyncio
async def a(): raise KeyError('k')
async def main():
    async with asyncio.TaskGroup() as t: t.create_task(a())
asyncio.run(main())`;
    expect(headlineOf(errorsOf('python3', [written(script, '.py')]))).toBe(
      `ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception) (cause: KeyError: 'k')`,
    );
  });
});

describe.skipIf(!isInstalled('go', 'version'))('of Go', () => {
  const program = path.join(folder, 'go', 'program');
  test.each([
    ['a panic', 'index', 'panic: runtime error: index out of range [5] with length 0'],
    ['an error that panics', 'error', 'panic: no route'],
    ['a panic within a panic', 'again', 'panic: second'],
    ['a deadlock', 'deadlock', 'fatal error: all goroutines are asleep - deadlock!'],
    ['a nil pointer', 'nil', 'panic: runtime error: invalid memory address or nil pointer dereference'],
    ['the last line it printed', 'exit', 'could not log in: 403'],
  ])('%s', (_, how, headline) => {
    build();
    expect(headlineOf(errorsOf(program, [how]))).toBe(headline);
  });

  let isBuilt = false;
  function build(): void {
    if (isBuilt) return;
    mkdirSync(path.dirname(program), { recursive: true });
    writeFileSync(path.join(folder, 'go', 'go.mod'), 'module program\n');
    writeFileSync(
      path.join(folder, 'go', 'main.go'),
      `package main
import ("errors"; "fmt"; "os")
func main() {
  switch os.Args[1] {
  case "index": var list []int; _ = list[5]
  case "error": panic(errors.New("no route"))
  case "again": defer func() { panic("second") }(); panic("first")
  case "deadlock": <-make(chan int)
  case "nil": var number *int; *number = 1
  case "exit": fmt.Fprintln(os.Stderr, "could not log in: 403"); os.Exit(4)
  }
}
`,
    );
    execFileSync('go', ['build', '-o', program, '.'], { cwd: path.join(folder, 'go') });
    isBuilt = true;
  }
});

/** Printed by a Java virtual machine. */
const java = `Exception in thread "main" java.lang.IllegalStateException: outer: failed
\tat M.main(M.java:1)
Caused by: java.lang.NumberFormatException: For input string: "x"
\tat java.base/java.lang.Integer.parseInt(Integer.java:668)
\t... 1 more`;
/** Printed by Playwright. */
const playwright = `page.goto: net::ERR_NAME_NOT_RESOLVED at https://shop.example/
Call log:
\u001B[2m  - navigating to "https://shop.example/", waiting until "load"\u001B[22m

    at main (/work/main.js:5:14) {
  name: 'Error'
}`;

describe('of recorded output:', () => {
  test.each([
    [
      'Java',
      java,
      'java.lang.IllegalStateException: outer: failed (cause: java.lang.NumberFormatException: For input string: "x")',
    ],
    ['Playwright', playwright, 'page.goto: net::ERR_NAME_NOT_RESOLVED at https://shop.example/'],
    ['a progress bar that overwrites itself', '10%|#\r20%|##\rdone: 3 failed', 'done: 3 failed'],
    ['Chinese', '登录失败\n----', '登录失败'],
    ['Arabic', 'فشل تسجيل الدخول', 'فشل تسجيل الدخول'],
    ['nothing', '', ''],
    ['punctuation only', '---\n}\n', ''],
  ])('%s', (_, text, headline) => {
    expect(headlineOf(text)).toBe(headline);
  });
});

test('a line that the worker logs as an error counts like an error it prints', () => {
  const headline = new ErrorHeadline(new SecretMask([]));
  headline.read('page 3');
  headline.readLogged('no items on page 3\nmore');
  headline.read('bye');
  expect(headline.text).toBe('no items on page 3');
  for (const line of ['Traceback (most recent call last):', '  File "a.py"', 'ValueError: x'])
    headline.read(line);
  expect(headline.text).toBe('ValueError: x');
});

describe('a headline', () => {
  test('contains no secrets, even one cut off at the end of the text examined', () => {
    const secret = 'k3y'.repeat(12);
    expect(headlineOf(`Error: ${secret} was refused`, [secret])).toBe('Error: *** was refused');
    expect(headlineOf(`Error: ${secret.repeat(100)}`, [secret])).not.toContain('k3y');
    expect(headlineOf(`Error: ${' '.repeat(980)}${secret}`, [secret])).not.toContain('k3y');
  });

  test('has at most 300 characters, without half or control characters', () => {
    expect(headlineOf(`Error: ${'🦀'.repeat(500)}`)).toMatch(/^Error: (?:🦀)+\uFFFD?…$/u);
    expect(headlineOf(`Error: ${'x'.repeat(100_000)}`)).toHaveLength(300);
    expect(headlineOf('Error: a\0b\tc\u0007d')).toBe('Error: a b cd');
  });
});

test('a flood of lines is read at constant speed, whatever they contain', () => {
  const lines = [
    `${' '.repeat(60_000)}at`,
    '^'.repeat(60_000),
    `${'a.'.repeat(30_000)}Error`,
    '\u001B['.repeat(30_000),
    'Traceback (most recent call last):',
    '  | + '.repeat(10_000),
    '[errors]: [',
    'panic: ',
    'x:1',
  ];
  const headline = new ErrorHeadline(new SecretMask(['secret']));
  for (let count = 0; count < 20_000; count += 1) for (const line of lines) headline.read(line);
  expect(headline.text.length).toBeLessThanOrEqual(300);
});
