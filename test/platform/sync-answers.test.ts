import { once } from 'node:events';
import http from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FinishedRunShape } from '../support/test-client.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { publishScriptedWorker, runForever } from './support/scripted-worker.ts';

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform({ syncWaitSeconds: 1 });
  worker = await publishScriptedWorker(platform, 'Scripted');
  // The tests below measure waiting for the worker, not for its dependencies.
  await platform.finished(await platform.runAsync(worker, { script: '', items: ['one'] }));
});
afterAll(async () => platform.close());

const untilAborted = `await sdk.result.pushData({ early: true }); ${runForever}`;

test('a run that outlasts the wait is answered with the rows so far, and keeps running', async () => {
  const answer = await platform.call<FinishedRunShape>(`/workers/${worker}/runs`, {
    body: { is_async: false, input: { parameters: { custom: { script: untilAborted, items: ['one'] } } } },
  });
  expect(answer).toMatchObject({
    status: 200,
    code: 0,
    data: {
      run_status: 'running',
      is_finished: false,
      error_message: '',
      execution_end_timestamp: 0,
      results: { count: 1, list: [{ early: true }] },
    },
  });
  const { run_slug: slug } = answer.data;
  expect((await platform.run(slug)).status).toBe('running');
  await platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
  await platform.finished(slug);
});

test('a client that disconnects does not stop the run', async () => {
  const script = `
    await sdk.log.info('client may go');
    await new Promise((later) => setTimeout(later, 300));
    await sdk.result.pushData({ late: true });`;
  const request = http.request(`${platform.url}/api/v2/workers/${worker}/runs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${platform.key}`, 'content-type': 'application/json' },
  });
  request.on('error', () => undefined);
  request.end(
    JSON.stringify({ is_async: false, input: { parameters: { custom: { script, items: ['one'] } } } }),
  );
  await once(request, 'finish');
  const { slug } = await started();
  await platform.logged(slug, 'client may go');
  request.destroy();
  expect(await platform.finished(slug)).toMatchObject({ status: 'succeeded', results: 1 });
});

/** The newest run of the worker, once it is running. */
async function started(): Promise<{ slug: string }> {
  for (;;) {
    const { data } = await platform.call<{ slug: string; status: string }>(`/workers/${worker}/runs/last`);
    if (data.status === 'running') return data;
  }
}

test('stopping the platform answers waiting clients at once', async () => {
  const other = await startTestPlatform({ syncWaitSeconds: 300 });
  const slug = await publishScriptedWorker(other, 'Scripted');
  const waiting = other.call<FinishedRunShape>(`/workers/${slug}/runs`, {
    body: { is_async: false, input: { parameters: { custom: { script: runForever, items: ['one'] } } } },
  });
  for (;;) {
    const { data } = await other.call<{ status: string } | undefined>(`/workers/${slug}/runs/last`);
    if (data?.status === 'running') break;
  }
  const closed = other.close();
  expect(await waiting).toMatchObject({ status: 200, data: { is_finished: false, run_status: 'running' } });
  await closed;
});
