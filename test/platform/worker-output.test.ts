/** Workers' output in the logs of their runs. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { publishScriptedWorker } from './support/scripted-worker.ts';

const items = ['one'];

interface Line {
  readonly type: number;
  readonly content: string;
  readonly styles: readonly object[];
}

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform();
  worker = await publishScriptedWorker(platform, 'Printing');
});
afterAll(async () => platform.close());

/** Runs a script that prints, and returns the lines that are not the platform's. */
async function printed(script: string, slugOf: (slug: string) => void = () => undefined): Promise<Line[]> {
  const print = `const print = (text, stream = process.stdout) => new Promise((done) => stream.write(text, done));`;
  const { run_slug: slug } = await platform.runSync(worker, { script: `${print}\n${script}`, items });
  slugOf(slug);
  const { data } = await platform.call<{ list: Line[] }>(`/worker-runs/${slug}/log/lines?limit=500`);
  return data.list.filter(({ content }) => !content.startsWith('SYSTEM: '));
}

const bar = (count: number) =>
  `for (let n = 0; n < ${count}; n += 1) await print('\\rprocessing page ' + n + ' of ${count} ......');`;

describe('a progress bar', () => {
  test('leaves its last state, of 10,000 updates', async () => {
    const lines = await printed(`${bar(10_000)} await print('\\nafter\\n');`);
    const contents = lines.map(({ content }) => content);
    expect(contents.slice(-2)).toEqual(['processing page 9999 of 10000 ......', 'after']);
    expect(contents.length).toBeLessThan(100);
  });

  test('does not hide the reason of a failure after it', async () => {
    let slug = '';
    const script = `process.stdout.write = process.stderr.write.bind(process.stderr);
      ${bar(3000)} await print('\\rFATAL: login failed\\n'); process.exit(3);`;
    const lines = await printed(script, (own) => (slug = own));
    expect(lines.at(-1)).toMatchObject({ type: 4, content: 'FATAL: login failed' });
    expect(await platform.run(slug)).toMatchObject({ error_headline: 'FATAL: login failed' });
  });
});

test('the log has the start and the end of an over-long line, and all lines after it', async () => {
  const contents = (
    await printed(`await print('a'.repeat(200_000) + ' FATAL: login failed\\nnext\\n');`)
  ).map(({ content }) => content);
  expect(contents[0]).toBe('a'.repeat(16_384));
  expect(contents[1]).toMatch(/^… \(\d+ characters omitted\) a+ FATAL: login failed$/);
  expect(contents[2]).toBe('next');
});

describe('colors', () => {
  const script = `
    console.log('\\u001B[32mINFO\\u001B[39m \\u001B[1mCrawler\\u001B[22m started');
    await sdk.log.warn('\\u001B[33mslow\\u001B[39m page\\u001B]0;title\\u0007');
    await print('\\u001B[31mError: no route\\u001B[39m\\n', process.stderr);
    process.exit(1);`;
  let lines: Line[];
  let slug: string;
  beforeAll(async () => {
    lines = await printed(script, (own) => (slug = own));
  });

  test('are styles beside the plain text of a line', () => {
    expect(lines).toMatchObject([
      {
        content: 'INFO Crawler started',
        styles: [
          { start: 0, end: 4, color: 'green' },
          { start: 5, end: 12, bold: true },
        ],
      },
      { type: 3, content: 'slow page', styles: [{ start: 0, end: 4, color: 'yellow' }] },
      { type: 4, content: 'Error: no route', styles: [{ start: 0, end: 15, color: 'red' }] },
    ]);
  });

  test('are neither in the recent log, nor in the whole log, nor in reasons', async () => {
    const { data } = await platform.call<{ all_logs_url: string; list: Line[] }>(`/worker-runs/${slug}/log`);
    const whole = await (await fetch(data.all_logs_url)).text();
    const run = await platform.run(slug);
    expect(run).toMatchObject({ error_headline: 'Error: no route' });
    const texts = JSON.stringify([run, data.list, whole]);
    expect(texts).toContain('INFO Crawler started');
    expect(texts).not.toContain(String.raw`\u001b`);
  });
});

test('the level of a line comes from its text, not from its stream', async () => {
  const lines = await printed(`
    await print('INFO:root:started\\nKeyError\\nplain\\n2026-11-27 12:00:00 [scrapy.core.engine] INFO: Spider opened\\n', process.stderr);
    await print('Traceback (most recent call last):\\n  File "x", line 1\\nKeyError: 1\\n', process.stderr);`);
  expect(lines.map(({ type, content }) => [type, content.split(' ')[0]])).toEqual([
    [2, 'INFO:root:started'],
    [4, 'KeyError'],
    [3, 'plain'],
    [2, '2026-11-27'],
    [4, 'Traceback'],
    [4, ''],
    [4, 'KeyError:'],
  ]);
});

test('the first nine characters of the proxy password are masked', async () => {
  const [line] = await printed(`
    const [, password] = process.env.PROXY_AUTH.split(':');
    await print('starts with ' + password.slice(0, 9) + ', shorter ' + password.slice(0, 5) + '\\n');`);
  expect(line?.content).toMatch(/^starts with \*\*\*, shorter \w{5}$/);
});

test('a row with a picture of 7.7 MB in two columns is stored, by default', async () => {
  const script = `const picture = require('node:crypto').randomBytes(7_700_000).toString('base64');
    await sdk.result.pushData({ size: picture.length, picture, again: picture });`;
  const answer = await platform.runSync(worker, { script, items });
  expect(answer).toMatchObject({ run_status: 'succeeded', error_message: '' });
  expect(answer.results.list[0]?.['size']).toBeGreaterThan(10_000_000);
});
