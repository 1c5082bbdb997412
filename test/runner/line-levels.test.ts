import { describe, expect, test } from 'vitest';
import { LineLevels } from '../../src/runner/execution/line-levels.ts';

const names = { 1: 'debug', 2: 'info', 3: 'warn', 4: 'error' } as const;

/** The levels of lines on standard error. */
function levelsOf(text: string): string[] {
  const levels = new LineLevels(3);
  return text.split('\n').map((line) => names[levels.read(line)]);
}

describe('a line that names its level', () => {
  test.each([
    ["Python's logging", 'INFO:root:started', 'info'],
    ["Python's logging", 'WARNING:urllib3.connectionpool:Retrying', 'warn'],
    ["Python's logging", 'CRITICAL:app:down', 'error'],
    ['logging with a time', '2026-11-27 12:00:00,123 - my.app - DEBUG - polling', 'debug'],
    ['logging with a time', '2026-11-27 12:00:00,123 INFO started', 'info'],
    ['logging with a time', '2026-11-27 12:00:00,123 my.app ERROR failed', 'error'],
    ['logging in brackets', '[2026-11-27 12:00:00] [INFO] started', 'info'],
    ['logging in brackets', '2026-11-27 12:00:00,123 [my.app] [WARNING] slow', 'warn'],
    ['loguru', '2026-11-27 12:00:00.123 | INFO     | __main__:<module>:3 - hello', 'info'],
    ['loguru', '2026-11-27 12:00:00.123 | SUCCESS  | __main__:<module>:3 - hello', 'info'],
    ['structlog', '2026-11-27 12:00:00 [info     ] started                page=1', 'info'],
    ['structlog', '2026-11-27T12:00:00.123Z [error    ] failed', 'error'],
    ['structlog as JSON', '{"page": 1, "event": "started", "level": "warning"}', 'warn'],
    ['Scrapy', '2026-11-27 12:00:00 [scrapy.core.engine] INFO: Spider opened', 'info'],
    ['Scrapy', '2026-11-27 12:00:00 [scrapy.core.scraper] ERROR: Spider error processing', 'error'],
    ['pino', '{"level":30,"time":1782091201000,"pid":1,"msg":"started"}', 'info'],
    ['pino', '{"level":60,"time":1782091201000,"pid":1,"msg":"down"}', 'error'],
    ['winston', 'info: started {"page":1}', 'info'],
    ['winston as JSON', '{"level":"debug","message":"polling"}', 'debug'],
    ['log of Go', '2026/11/27 12:00:00 INFO started page=1', 'info'],
    ['log of Go', '2026/11/27 12:00:00 ERROR: failed', 'error'],
    ['slog as text', 'time=2026-11-27T12:00:00.000Z level=DEBUG msg="polling"', 'debug'],
    ['slog as text', 'time=2026-11-27T12:00:00.000Z level=ERROR+2 msg="down"', 'error'],
    ['slog as JSON', '{"time":"2026-11-27T12:00:00Z","level":"INFO","msg":"started"}', 'info'],
    ['logrus', 'time="2026-11-27T12:00:00Z" level=warning msg="slow"', 'warn'],
    ['klog', 'I1127 12:00:00.000000       1 main.go:10] started', 'info'],
    ['Crawlee', 'INFO  CheerioCrawler: Starting the crawler.', 'info'],
    ['Crawlee for Python', '[crawlee._autoscaling] INFO  current_concurrency = 0', 'info'],
    ['uvicorn', 'INFO:     Started server process [1]', 'info'],
    ['logback', '12:00:00.123 [main] INFO  com.example.Main - started', 'info'],
    ['celery', '[2026-11-27 12:00:00,123: INFO/MainProcess] ready', 'info'],
    ['Chromium', '[1127/120000.123:ERROR:gpu.cc(12)] failed', 'error'],
    ['npm', 'npm warn deprecated x', 'warn'],
    ['npm', 'npm error code E404', 'error'],
    ['a plain error', 'FATAL: login failed', 'error'],
    ['a plain error', 'Error: no route', 'error'],
  ])('%s: %s', (_, line, level) => {
    expect(levelsOf(line)).toEqual([level]);
  });
});

test.each([
  'giving up',
  'Found 3 ERROR pages',
  'error pages are ignored',
  'Info desk of the museum',
  'INFORMATION about prices',
  'Debugging is fun',
  '{"level":30,"name":"castle"}',
  '{"level":"error"',
  'https://example.com/ERROR',
  '  0%|          | 0/100 [00:00<?, ?it/s]',
  '/app/main.py:3: DeprecationWarning: old',
  '(node:12) ExperimentalWarning: x',
])('a line of standard error that names no level is a warning: %s', (line) => {
  expect(levelsOf(line)).toEqual(['warn']);
});

describe('every line of an exception is an error', () => {
  test.each([
    [
      'a Python traceback',
      `Traceback (most recent call last):
  File "/work/main.py", line 1, in <module>
    1 / 0
    ~~^~~
ZeroDivisionError: division by zero

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/work/main.py", line 3, in <module>
    raise CustomProblem("no")
__main__.CustomProblem: no`,
    ],
    [
      'a Node stack',
      `Error: failed
    at main (/work/main.js:3:9)
    at node:internal/main/run_main_module:36:49 {
  [cause]: TypeError: x
      at main (/work/main.js:1:1)
}`,
    ],
    [
      'a Go panic',
      `panic: runtime error: index out of range [1] with length 0

goroutine 1 [running]:
main.main()
\t/work/main.go:5 +0x1d
exit status 2`,
    ],
    [
      'a Java exception',
      `Exception in thread "main" java.lang.IllegalStateException: no
\tat com.example.Main.main(Main.java:3)
Caused by: java.io.IOException: gone
\t... 1 more`,
    ],
    [
      'a logged exception',
      `ERROR:root:failed
Traceback (most recent call last):
  File "/work/main.py", line 1, in <module>
KeyError: 'x'`,
    ],
  ])('%s', (_, text) => {
    expect(new Set(levelsOf(text))).toEqual(new Set(['error']));
  });

  test('and the lines after it have their own levels again', () => {
    const text = `Traceback (most recent call last):\n  File "x"\nKeyError: 'x'\nretrying\nINFO:root:done`;
    expect(levelsOf(text).slice(-2)).toEqual(['warn', 'info']);
  });
});

test('lines that continue a record have its level', () => {
  const text = `2026-11-27 12:00:00 [scrapy.statscollectors] INFO: Dumping Scrapy stats:
{'downloader/request_bytes': 216,
 'finish_reason': 'finished'}
2026-11-27 12:00:01 [scrapy.core.engine] INFO: Spider closed
bye`;
  expect(levelsOf(text)).toEqual(['info', 'info', 'info', 'info', 'warn']);
});

test('megabytes without a level are read in linear time', () => {
  const levels = new LineLevels(3);
  const begin = performance.now();
  for (const part of ['[', '2026 ', 'a-', '{"level":', 'level=', '| ']) levels.read(part.repeat(1024 * 1024));
  expect(performance.now() - begin).toBeLessThan(5000);
});
