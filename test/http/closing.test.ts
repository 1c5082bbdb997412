import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { eventually } from '../platform/support/eventually.ts';
import { publishScriptedWorker, runForever } from '../platform/support/scripted-worker.ts';
import { startTestPlatform, type RunShape } from '../support/test-platform.ts';

test('a request that arrives while the server stops gets the error envelope', async () => {
  const platform = await startTestPlatform();
  const worker = await publishScriptedWorker(platform, 'Scripted');
  const { hostname, port } = new URL(platform.url);
  const socket = connect(Number(port), hostname);
  const received: string[] = [];
  socket.on('data', (part) => received.push(part.toString()));
  const head = (method: string, path: string, length: number): string =>
    `${method} /api/v2${path} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${platform.key}\r\n` +
    `content-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;
  const body = JSON.stringify({
    is_async: false,
    input: { parameters: { custom: { script: runForever, items: ['one'] } } },
  });
  socket.write(head('POST', `/workers/${worker}/runs`, body.length) + body);
  // The first response waits for its run, so the connection is in use when the server is asked to stop.
  const run = await eventually(async () => (await platform.call<RunShape>('/worker-runs/last')).data);
  await platform.logged(run.slug, 'running');
  const stopped = platform.platform.stop(0);
  socket.write(head('GET', '/users/account', 0));
  await once(socket, 'close');
  await stopped;
  const answers = received.join('').split(/(?=HTTP\/1\.1 )/);
  expect(answers[0]).toContain('"is_finished":false');
  expect(answers[1]).toMatch(/^HTTP\/1\.1 503 .*\r\nretry-after: \d/is);
  expect(JSON.parse(answers[1]?.split('\r\n\r\n')[1] ?? '')).toMatchObject({ code: 10000 });
  await platform.close();
});
