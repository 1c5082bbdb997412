import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { publishScriptedWorker, runForever } from '../platform/support/scripted-worker.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { accept, answerStatus, Receiver, type Answerer } from './support/receiver.ts';

interface CallbackShape {
  number: number;
  run_status: string;
  state: string;
  created_at: number;
  next_attempt_at: number;
  body: Record<string, unknown>;
  attempts: {
    number: number;
    started_at: number;
    status_code: number;
    milliseconds: number;
    error: string;
    answer: string;
  }[];
}

interface CallbackListShape {
  callback_url: string;
  count: number;
  list: CallbackShape[];
}

interface Schema {
  readonly $ref?: string;
  readonly required?: readonly string[];
}

interface Document {
  readonly paths: Record<
    string,
    {
      post?: {
        callbacks?: {
          run_status_callback: Record<
            string,
            { post: { requestBody: { content: Record<string, { schema: Schema }> } } }
          >;
        };
      };
    }
  >;
  readonly components: { readonly schemas?: Record<string, Schema> };
}

const retrySeconds = [0, 0, 0];
const quick = 'await sdk.result.pushData({ n: 1 });';

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform({
    callbackAllowedTargets: ['127.0.0.1'],
    callbackRetrySeconds: retrySeconds,
    callbackConcurrency: 6,
  });
  worker = await publishScriptedWorker(platform, 'Scripted');
});
afterAll(async () => platform.close());

const receivers: Receiver[] = [];
afterEach(async () => {
  await Promise.all(receivers.splice(0).map(async (receiver) => receiver.close()));
});

async function receiver(answer?: Answerer): Promise<Receiver> {
  const started = await Receiver.start(answer);
  receivers.push(started);
  return started;
}

function submit(callbackUrl: string, script = quick, items = ['one']) {
  return platform.call<{ run_slug: string }>(`/workers/${worker}/runs`, {
    body: { callback_url: callbackUrl, input: { parameters: { custom: { script, items } } } },
  });
}

/** Starts a run that calls a receiver. @returns its slug */
async function start(callbackUrl: string, script = quick, items = ['one']): Promise<string> {
  const answer = await submit(callbackUrl, script, items);
  if (answer.code !== 0) throw new Error(answer.message);
  return answer.data.run_slug;
}

async function callbacksOf(slug: string): Promise<CallbackListShape> {
  return (await platform.call<CallbackListShape>(`/worker-runs/${slug}/callbacks`)).data;
}

/** The callbacks of a run once all are delivered or failed, which is stored a moment after the receiver answers. */
async function settled(slug: string, count: number): Promise<CallbackShape[]> {
  return expect
    .poll(async () => (await callbacksOf(slug)).list, { timeout: 30_000 })
    .toSatisfy(
      (list: CallbackShape[]) => list.length === count && list.every(({ state }) => state !== 'pending'),
    )
    .then(async () => (await callbacksOf(slug)).list);
}

describe('a run with a callback URL', () => {
  test('announces that it is running and how it ended, in this order, with exactly the documented body', async () => {
    const target = await receiver();
    const slug = await start(target.url);
    await target.received(2);
    const run = await platform.finished(slug);
    const [running, succeeded] = target.bodies;
    expect(running).toEqual({
      run_slug: slug,
      run_id: slug,
      run_status: 'running',
      error_message: '',
      execution_start_timestamp: run.started_at,
      execution_end_timestamp: 0,
      running_duration: expect.any(Number),
      result_count: 0,
      result_message: '0 results',
      end_reason: '',
      end_detail: {},
      error_headline: '',
    });
    expect(succeeded).toEqual({
      run_slug: slug,
      run_id: slug,
      run_status: 'succeeded',
      error_message: '',
      execution_start_timestamp: run.started_at,
      execution_end_timestamp: run.finished_at,
      running_duration: run.finished_at - run.started_at,
      result_count: 1,
      result_message: '1 result',
      end_reason: 'succeeded',
      end_detail: {},
      error_headline: '',
    });
  });

  test('sends JSON by POST, without any credential of the platform', async () => {
    const target = await receiver();
    const slug = await start(target.url);
    const [request] = await target.received(1);
    expect(request).toMatchObject({ method: 'POST', path: '/callback?client=7' });
    expect(request?.headers).toEqual({
      host: `127.0.0.1:${target.port}`,
      'content-type': 'application/json',
      'content-length': expect.any(String),
      'user-agent': expect.stringMatching(/^Chela\//),
      'x-chela-callback-id': `${slug}-1`,
      'x-chela-attempt': '1',
      connection: 'close',
    });
    expect(JSON.stringify(request)).not.toContain(platform.key);
  });

  test('that fails includes the reason', async () => {
    const target = await receiver();
    await start(target.url, 'process.exit(3)');
    await target.received(2);
    expect(target.bodies[1]).toMatchObject({
      run_status: 'failed',
      error_message: expect.stringContaining('3'),
    });
  });

  test('that is aborted while running announces aborting, then failed', async () => {
    const target = await receiver();
    const slug = await start(target.url, runForever);
    await target.received(1);
    await platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
    await target.received(3);
    expect(target.bodies.map((body) => body.run_status)).toEqual(['running', 'aborting', 'failed']);
    expect(target.bodies[2]).toMatchObject({ error_message: 'run aborted by user' });
  });

  test('of many subtasks announces each status once', async () => {
    const target = await receiver();
    const slug = await start(target.url, quick, ['a', 'b', 'c', 'd', 'e']);
    await platform.finished(slug);
    expect(await settled(slug, 2)).toHaveLength(2);
    expect(target.bodies.map((body) => body.run_status)).toEqual(['running', 'succeeded']);
    expect(target.bodies[1]).toMatchObject({ result_count: 5, result_message: '5 results' });
  });

  test('that is a rerun calls the URL of the rerun', async () => {
    const target = await receiver();
    const source = await platform.runAsync(worker, { script: quick, items: ['one'] });
    await platform.finished(source);
    const { data } = await platform.call<{ run_slug: string }>(`/worker-runs/${source}/rerun`, {
      body: { callback_url: target.url },
    });
    await target.received(2);
    expect(target.bodies.map((body) => body.run_slug)).toEqual([data.run_slug, data.run_slug]);
    expect(await callbacksOf(source)).toEqual({ callback_url: '', count: 0, list: [] });
  });
});

test('runs aborted while starting end, and announce their statuses in a valid order', async () => {
  const target = await receiver();
  const slugs = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const slug = await start(target.url, runForever, ['a', 'b']);
      await platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
      return slug;
    }),
  );
  const told = await Promise.all(
    slugs.map(async (slug) => {
      await platform.finished(slug);
      const { list } = await callbacksOf(slug);
      await settled(slug, list.length);
      return target.bodies.filter((body) => body.run_slug === slug).map((body) => body.run_status);
    }),
  );
  const possible = ['failed', 'aborting failed', 'running failed', 'running aborting failed'];
  for (const statuses of told) expect(possible).toContain(statuses.join(' '));
});

describe('attempts', () => {
  test('a receiver that fails three times gets every callback in order, and each attempt is recorded', async () => {
    const target = await receiver((response, _request, index) => {
      if (index === 0) response.destroy();
      else if (index < 3) response.writeHead(503).end(`down ${index}`);
      else accept(response);
    });
    const slug = await start(target.url);
    await platform.finished(slug);
    const requests = await target.received(5);
    expect(target.bodies.map((body) => body.run_status)).toEqual([
      'running',
      'running',
      'running',
      'running',
      'succeeded',
    ]);
    expect(
      requests.map(({ headers }) => [headers['x-chela-callback-id'], headers['x-chela-attempt']]),
    ).toEqual([
      [`${slug}-1`, '1'],
      [`${slug}-1`, '2'],
      [`${slug}-1`, '3'],
      [`${slug}-1`, '4'],
      [`${slug}-2`, '1'],
    ]);
    const [running, succeeded] = await settled(slug, 2);
    expect(running).toMatchObject({
      number: 1,
      run_status: 'running',
      state: 'delivered',
      next_attempt_at: 0,
      body: target.bodies[0],
      attempts: [
        { number: 1, status_code: 0, error: 'socket hang up', answer: '' },
        { number: 2, status_code: 503, error: 'answered 503', answer: 'down 1' },
        { number: 3, status_code: 503, error: 'answered 503', answer: 'down 2' },
        { number: 4, status_code: 200, error: '', answer: 'thank you' },
      ],
    });
    for (const { started_at: startedAt, milliseconds } of running?.attempts ?? []) {
      expect(startedAt).toBeGreaterThanOrEqual(running?.created_at ?? 0);
      expect(milliseconds).toBeGreaterThanOrEqual(0);
    }
    expect(succeeded).toMatchObject({
      number: 2,
      run_status: 'succeeded',
      attempts: [{ number: 1, status_code: 200 }],
    });
  });

  test('after the last attempt a callback is dropped and the next one of the run is sent', async () => {
    const target = await receiver((response, request) => {
      response.writeHead(request.body.includes('"running"') ? 410 : 200).end();
    });
    const slug = await start(target.url);
    expect(await settled(slug, 2)).toMatchObject([
      { run_status: 'running', state: 'given_up', attempts: { length: retrySeconds.length + 1 } },
      { run_status: 'succeeded', state: 'delivered', attempts: { length: 1 } },
    ]);
  });

  test('a redirect to an address that is not public is a failed attempt', async () => {
    const target = await receiver(answerStatus(307, { location: 'http://127.0.0.2/' }));
    const slug = await start(target.url);
    const [running] = await settled(slug, 2);
    expect(running).toMatchObject({ state: 'given_up' });
    expect(running?.attempts[0]).toMatchObject({
      status_code: 307,
      error: expect.stringContaining('a redirect is refused: 127.0.0.2'),
    });
  });

  test('a name that resolves to an address that is not public is a failed attempt', async () => {
    // Reserved for nonexistent names: whatever a resolver answers, no callback gets through.
    const slug = await start('http://receiver.invalid/');
    const [running] = await settled(slug, 2);
    expect(running?.attempts[0]).toMatchObject({
      status_code: 0,
      error: expect.stringContaining('receiver.invalid'),
    });
  });

  test('are visible only to the account of the run', async () => {
    const slug = await start((await receiver()).url);
    const { key } = await platform.otherAccount('stranger');
    expect(await platform.call(`/worker-runs/${slug}/callbacks`, { key })).toMatchObject({
      status: 404,
      code: 11004,
    });
  });

  test('are also listed for the last run', async () => {
    const target = await receiver();
    const slug = await start(target.url);
    await settled(slug, 2);
    for (const scope of ['/worker-runs/last', `/workers/${worker}/runs/last`]) {
      const { data } = await platform.call<CallbackListShape>(`${scope}/callbacks`);
      expect(data).toEqual(await callbacksOf(slug));
      expect(data).toMatchObject({ callback_url: target.url, count: 2 });
    }
  });
});

test('a hanging receiver delays only its own callbacks', async () => {
  const held: (() => void)[] = [];
  let holding = true;
  const hanging = await receiver((response) => {
    if (holding) held.push(() => accept(response));
    else accept(response);
  });
  const well = await receiver();
  // More runs than callbacks that are delivered at once.
  const slow = await Promise.all(Array.from({ length: 10 }, async () => start(hanging.url)));
  await hanging.received(4);
  const slug = await start(well.url);
  await well.received(2);
  expect(well.bodies.map((body) => body.run_status)).toEqual(['running', 'succeeded']);
  expect(new Set(hanging.bodies.map((body) => body.run_slug)).size).toBe(4);
  await settled(slug, 2);
  for (const { list } of await Promise.all(slow.map(callbacksOf))) expect(list[0]?.state).toBe('pending');
  holding = false;
  for (const answer of held) answer();
  for (const other of slow)
    expect(await settled(other, 2)).toMatchObject([{ state: 'delivered' }, { state: 'delivered' }]);
});

describe('the signature', () => {
  test('is sent while the account has a secret, and covers the time and the body', async () => {
    const { data } = await platform.call<{ callback_secret: string }>('/users/account/callback-secret', {
      method: 'POST',
    });
    expect(data.callback_secret).toMatch(/^chela_cs_[0-9a-f]{64}$/);
    const target = await receiver();
    await settled(await start(target.url), 2);
    for (const { headers, body } of target.requests) {
      const [, time = '', hmac] =
        /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-chela-signature'])) ?? [];
      expect(hmac).toBe(createHmac('sha256', data.callback_secret).update(`${time}.${body}`).digest('hex'));
      expect(Math.abs(Date.now() / 1000 - Number(time))).toBeLessThan(60);
    }
    await platform.call('/users/account/callback-secret', { method: 'DELETE' });
    const unsigned = await receiver();
    await start(unsigned.url);
    const [request] = await unsigned.received(1);
    expect(request?.headers).not.toHaveProperty('x-chela-signature');
  });
});

describe('the callback URL of the account', () => {
  const settingsPath = '/users/account/callbacks';
  const setUrl = async (url: string) =>
    platform.call(settingsPath, { method: 'PUT', body: { callback_url: url } });

  test('is that of runs and tasks without one of their own', async () => {
    const ofAccount = await receiver();
    const ofTask = await receiver();
    expect((await setUrl(ofAccount.url)).message).toBe('success');
    expect((await platform.call(settingsPath)).data).toEqual({
      callback_url: ofAccount.url,
      has_secret: false,
    });
    const plain = await start('');
    expect(await callbacksOf(plain)).toMatchObject({ callback_url: ofAccount.url });
    const own = await start(ofTask.url);
    expect(await callbacksOf(own)).toMatchObject({ callback_url: ofTask.url });

    const input = { parameters: { custom: { script: '', items: ['one'] } } };
    const { data: task } = await platform.call<{ slug: string }>('/worker-tasks', {
      body: { worker_id: worker, title: 'Task', input, callback_url: ofTask.url },
    });
    const taskPath = `/worker-tasks/${task.slug}`;
    const runOfTask = async (): Promise<string> => {
      const { data } = await platform.call<{ run_slug: string }>(`${taskPath}/runs`, { body: {} });
      await platform.finished(data.run_slug);
      return (await callbacksOf(data.run_slug)).callback_url;
    };
    expect((await platform.call(taskPath)).data).toMatchObject({ callback_url: ofTask.url });
    expect(await runOfTask()).toBe(ofTask.url);
    await platform.call(taskPath, { method: 'PUT', body: { title: 'Renamed' } });
    expect((await platform.call(taskPath)).data).toMatchObject({ callback_url: ofTask.url });
    await platform.call(taskPath, { method: 'PUT', body: { callback_url: '' } });
    expect((await platform.call(taskPath)).data).toMatchObject({ callback_url: '' });
    expect(await runOfTask()).toBe(ofAccount.url);

    expect((await setUrl('')).message).toBe('success');
    expect((await platform.call(settingsPath)).data).toEqual({ callback_url: '', has_secret: false });
    expect(await runOfTask()).toBe('');
    await settled(plain, 2);
    await settled(own, 2);
  });

  test('is refused if callbacks may not be sent to it, and so is that of a task', async () => {
    const input = { parameters: { custom: { script: '', items: ['one'] } } };
    for (const [status, url] of [
      [422, 'not a url'],
      [422, 'https://client.example.com/\0'],
      [422, `https://client.example.com/${'x'.repeat(2048)}`],
      [400, 'http://10.0.0.1/'],
    ] as const) {
      const body = { worker_id: worker, title: 'Task', input, callback_url: url };
      expect((await platform.call('/worker-tasks', { body })).status).toBe(status);
      expect((await setUrl(url)).status).toBe(status);
      expect((await platform.call(`${settingsPath}/test`, { body: { callback_url: url } })).status).toBe(
        status,
      );
    }
    expect((await platform.call(settingsPath)).data).toMatchObject({ callback_url: '' });
  });

  test('is tested with one signed request, whose outcome is told', async () => {
    await platform.call('/users/account/callback-secret', { method: 'POST' });
    expect((await platform.call(settingsPath)).data).toMatchObject({ has_secret: true });
    const target = await receiver();
    const body = { callback_url: target.url };
    expect((await platform.call(`${settingsPath}/test`, { body })).data).toMatchObject({
      status_code: 200,
      error: '',
    });
    const broken = await receiver(answerStatus(500));
    expect(
      (await platform.call(`${settingsPath}/test`, { body: { callback_url: broken.url } })).data,
    ).toMatchObject({
      status_code: 500,
      error: 'answered 500',
    });
    await platform.call('/users/account/callback-secret', { method: 'DELETE' });
    expect(target.requests).toHaveLength(1);
    expect(target.requests[0]).toMatchObject({
      body: '{"test":true}',
      headers: { 'x-chela-callback-id': 'test', 'x-chela-signature': expect.stringMatching(/^t=/) },
    });
  });
});

describe('a callback URL that is refused', () => {
  test.each([
    [422, 'not a url', 'callback_url must be an http or https URL'],
    [422, 'ftp://client.example.com/', 'callback_url must be an http or https URL'],
    [400, 'http://10.0.0.1/', 'callback_url is refused: 10.0.0.1:80 is not a public address'],
    [400, 'http://2130706434/', 'callback_url is refused: 127.0.0.2:80 is not a public address'],
    [
      400,
      'http://169.254.169.254/latest',
      'callback_url is refused: 169.254.169.254:80 is not a public address',
    ],
    [400, 'http://[::ffff:a00:1]/', 'callback_url is refused: [::ffff:a00:1]:80 is not a public address'],
    [400, 'https://user:word@client.example.com/', 'callback_url must not contain a user name or password'],
  ])('is answered with %i and starts no run: %s', async (status, url, message) => {
    const before = (await platform.call<{ count: number }>('/worker-runs')).data.count;
    const answer = await submit(url);
    expect(answer).toMatchObject({ status, code: 11000, message: expect.stringContaining(message) });
    expect((await platform.call<{ count: number }>('/worker-runs')).data.count).toBe(before);
  });

  test('an empty callback URL counts as none', async () => {
    const slug = await start('');
    await platform.finished(slug);
    expect(await callbacksOf(slug)).toEqual({ callback_url: '', count: 0, list: [] });
  });
});

test.each([
  '/api/v2/workers/{workerId}/runs',
  '/api/v2/workers/{workerId}/queued-runs',
  '/api/v2/worker-tasks/{workerTaskId}/runs',
  '/api/v2/worker-runs/{runId}/rerun',
  '/api/v2/worker-runs/last/rerun',
  '/api/v2/workers/{workerId}/runs/last/rerun',
])('the OpenAPI document describes the callback of POST %s', async (apiPath) => {
  const document = (await (await fetch(`${platform.url}/openapi.json`)).json()) as Document;
  const callback = document.paths[apiPath]?.post?.callbacks?.run_status_callback;
  const { schema } =
    callback?.['{$request.body#/callback_url}']?.post.requestBody.content['application/json'] ?? {};
  const name = schema?.$ref?.replace('#/components/schemas/', '') ?? '';
  expect(schema?.required ?? document.components.schemas?.[name]?.required).toEqual([
    'run_slug',
    'run_id',
    'run_status',
    'error_message',
    'execution_start_timestamp',
    'execution_end_timestamp',
    'running_duration',
    'result_count',
    'result_message',
    'end_reason',
    'end_detail',
    'error_headline',
  ]);
});
