/** The operations on one run, for each way to name it: by slug, as the account's last, as the last of a worker. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestPlatform, type RunShape, type TestPlatform } from '../support/test-platform.ts';
import { ask, errorOf } from './checked-answer.ts';
import { makePublic, publishWorker, startRuns } from './packages.ts';

const operations = [
  ['GET', ''],
  ['POST', '/abort'],
  ['GET', '/log'],
  ['POST', '/rerun'],
  ['GET', '/result'],
] as const;

const notFound = { status: 404, code: 11004 };

let platform: TestPlatform;
let worker: string;
let idleWorker: string;
let privateWorker: string;
let otherKey: string;
let newcomerKey: string;

beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
  worker = await publishWorker(platform, 'Busy');
  await makePublic(platform, worker);
  idleWorker = await publishWorker(platform, 'Idle');
  await startRuns(platform, worker, 1);
  newcomerKey = (await platform.otherAccount('newcomer')).key;
  otherKey = (await platform.otherAccount('other')).key;
  privateWorker = await publishWorker(platform, 'Private', { key: otherKey });
  await startRuns(platform, privateWorker, 1, otherKey);
});
afterAll(async () => platform.close());

/** Every scope; the run that is named by its slug does not exist. */
function scopes(): string[] {
  return [
    '/worker-runs/01KKDXV2G26BT7NH4ZQR2R4NPZ',
    '/worker-runs/last',
    `/workers/${worker}/runs/last`,
    '/workers/tester~busy/runs/last',
  ];
}

/** A ready run of a separate account, and the paths that name it. */
async function readyRun(name: string): Promise<{ key: string; run: string; paths: string[] }> {
  const { key } = await platform.otherAccount(name);
  const [run = ''] = await startRuns(platform, worker, 1, key);
  const paths = [
    `/worker-runs/${run}`,
    '/worker-runs/last',
    `/workers/${worker}/runs/last`,
    '/workers/tester~busy/runs/last',
  ];
  return { key, run, paths };
}

describe.each(operations)('%s …%s', (method, operation) => {
  test('without a key it is 401 with code 12001, with a wrong one 12002', async () => {
    for (const scope of scopes()) {
      for (const [key, code] of [
        ['', 12001],
        ['wrong', 12002],
      ] as const) {
        const answer = await ask(platform, `${scope}${operation}`, { method, key });
        expect({ scope, ...errorOf(answer) }).toEqual({ scope, status: 401, code });
      }
    }
  });

  test('an account without a run gets 404 with code 11004 in every scope', async () => {
    for (const scope of scopes()) {
      const answer = await ask(platform, `${scope}${operation}`, { method, key: newcomerKey });
      expect({ scope, ...errorOf(answer) }).toEqual({ scope, ...notFound });
    }
  });

  test.each<[string, () => string, RegExp]>([
    ['a worker without a run', () => `/workers/${idleWorker}/runs/last`, /^worker \S+ has no runs yet$/],
    [
      'a worker without a run, by path',
      () => '/workers/tester~idle/runs/last',
      /^worker \S+ has no runs yet$/,
    ],
    ['an unknown worker', () => '/workers/tester~nothing/runs/last', /^worker \S+ does not exist$/],
    ['an unknown slug', () => '/workers/01KKDXTQ8S5W1C9J4Y6M3B7A0E/runs/last', /^worker \S+ does not exist$/],
    ['an encoded slash', () => '/workers/tester%2Fbusy/runs/last', /^worker \S+ does not exist$/],
    [
      "another account's private worker",
      () => `/workers/${privateWorker}/runs/last`,
      /^worker \S+ does not exist$/,
    ],
    ['the same by path', () => '/workers/other~private/runs/last', /^worker \S+ does not exist$/],
    ['an unknown run', () => '/worker-runs/01KKDXV2G26BT7NH4ZQR2R4NPZ', /^run \S+ does not exist$/],
    ['"last" in capitals', () => '/worker-runs/LAST', /^run LAST does not exist$/],
    ['a number', () => '/worker-runs/1', /^run 1 does not exist$/],
    ['U+0000', () => '/worker-runs/%00', /U\+0000/],
  ])('%s is 404 with code 11004', async (_name, scope, message) => {
    const answer = await ask(platform, `${scope()}${operation}`, { method });
    expect(errorOf(answer)).toEqual(notFound);
    expect(answer.message).toMatch(message);
  });

  test("another account's run is 404, never 403", async () => {
    const { data } = await ask<RunShape>(platform, '/worker-runs/last', { key: otherKey });
    expect(errorOf(await ask(platform, `/worker-runs/${data.slug}${operation}`, { method }))).toEqual(
      notFound,
    );
  });

  test('other methods are 405 in every scope', async () => {
    for (const scope of scopes()) {
      const answer = await ask(platform, `${scope}${operation}`, {
        method: method === 'GET' ? 'PATCH' : 'GET',
      });
      expect(errorOf(answer)).toEqual({ status: 405, code: 11000 });
      const allowed = method === 'GET' ? /^GET, HEAD(?:, PUT)?(?:, DELETE)?$/ : /^POST$/;
      expect(answer.headers.get('allow')).toMatch(allowed);
    }
  });

  test('every scope returns the run that it names', async () => {
    const { key, paths } = await readyRun(`scope-${method.toLowerCase()}${operation.replace('/', '-')}`);
    for (const path of operation === '/abort' ? paths.slice(0, 1) : paths) {
      expect((await ask(platform, `${path}${operation}`, { method, key })).message).toBe('success');
    }
  });
});

test('the last run is the newest, whatever its status, its month and the worker of the scope', async () => {
  const { key, run: older } = await readyRun('newest');
  const [newer = ''] = await startRuns(platform, worker, 1, key);
  await ask(platform, `/worker-runs/${newer}/abort`, { method: 'POST', key });
  await platform.platform.database.pool.query(`UPDATE run SET created_at = '2020-01-01' WHERE slug = $1`, [
    newer,
  ]);
  const own = await publishWorker(platform, 'Own', { key });
  const [newest = ''] = await startRuns(platform, own, 1, key);
  async function last(scope: string): Promise<unknown> {
    const { slug, status } = (await ask<RunShape>(platform, scope, { key })).data;
    return [slug, status];
  }
  expect(await last('/worker-runs/last')).toEqual([newest, 'ready']);
  expect(await last('/workers/newest~own/runs/last')).toEqual([newest, 'ready']);
  expect(await last(`/workers/${worker}/runs/last`)).toEqual([newer, 'failed']);
  expect(await last(`/worker-runs/${older}`)).toEqual([older, 'ready']);
});

test("the last run of a public worker is the account's own, not that of another account", async () => {
  const { key, run } = await readyRun('own-run');
  await startRuns(platform, worker, 1);
  expect((await ask<RunShape>(platform, `/workers/${worker}/runs/last`, { key })).data.slug).toBe(run);
});

test('runs of an unpublished worker can still be reached by their slugs', async () => {
  const { key, run } = await readyRun('lister');
  const { pool } = platform.platform.database;
  await pool.query('UPDATE worker SET is_public = false WHERE slug = $1', [worker]);
  try {
    expect((await ask<RunShape>(platform, `/worker-runs/${run}`, { key })).data.slug).toBe(run);
    expect(errorOf(await ask(platform, `/workers/${worker}/runs/last`, { key }))).toEqual(notFound);
  } finally {
    await makePublic(platform, worker);
  }
});

describe('abort', () => {
  test.each([0, 1, 2, 3])(
    'ends a queued run; a second abort is 400 with code 70002: scope %i',
    async (scope) => {
      const { key, run, paths } = await readyRun(`abort-${scope}`);
      const path = `${paths[scope]}/abort`;
      const first = await ask(platform, path, { method: 'POST', key });
      expect(first).toMatchObject({ code: 0, data: undefined });
      expect((await ask(platform, `/worker-runs/${run}`, { key })).data).toMatchObject({
        status: 'failed',
        err_msg: 'run aborted by user',
        results: 0,
        finished_at: expect.closeTo(Date.now() / 1000, -2),
      });
      const second = await ask(platform, path, { method: 'POST', key });
      expect(errorOf(second)).toEqual({ status: 400, code: 70002 });
      expect(second.message).toContain(`run ${run} has already finished`);
    },
  );
});

describe('rerun', () => {
  test.each([0, 1, 2, 3])('starts a run with the same input, version and limits: scope %i', async (scope) => {
    const name = `rerun-${scope}`;
    const { key } = await platform.otherAccount(name);
    const input =
      '{"parameters":{"custom":{"word":"ä","big":12345678901234567890,"\\u0000":"\\u0000"},"system":{"memory":"512"}}}';
    const started = await ask<{ run_slug: string }>(platform, `/workers/${worker}/runs`, {
      key,
      body: `{"input":${input},"version":"1.0.1"}`,
    });
    const source = started.data.run_slug;
    const paths = [
      `/worker-runs/${source}`,
      '/worker-runs/last',
      `/workers/${worker}/runs/last`,
      '/workers/tester~busy/runs/last',
    ];
    const { data } = await ask<{ run_slug: string }>(platform, `${paths[scope]}/rerun`, {
      method: 'POST',
      key,
    });
    expect(Object.keys(data)).toEqual(['run_slug']);
    expect(data.run_slug).not.toBe(source);
    const { rows } = await platform.platform.database.pool.query<Record<string, unknown>>(
      'SELECT input, system, worker_version_id, origin FROM run WHERE slug = ANY($1)',
      [[source, data.run_slug]],
    );
    expect(rows).toHaveLength(2);
    expect(rows[1]).toEqual(rows[0]);
    expect(JSON.stringify(rows[0]?.input)).toContain('12345678901234567890');
  });

  test.each<[string, unknown, number]>([
    ['an unknown field', { input: {} }, 422],
    ['is_async of another type', { is_async: 'false' }, 422],
    ['a limit over the maximum', { limit: 101 }, 422],
    ['a callback that is not a URL', { callback_url: 'nonsense' }, 422],
    ['a callback over another protocol', { callback_url: 'ftp://client.example.com/' }, 422],
    ['a callback with U+0000', { callback_url: 'http://client.example.com/\0' }, 422],
    ['a list', [], 422],
    ['broken JSON', '{', 400],
  ])('%s is refused in every scope, and no run is started', async (name, body, status) => {
    const { key, run, paths } = await readyRun(`refused-${name.replaceAll(/\W+/g, '-').toLowerCase()}`);
    for (const path of paths) {
      const answer = await ask(platform, `${path}/rerun`, { key, body });
      expect({ path, ...errorOf(answer) }).toEqual({ path, status, code: 11000 });
    }
    expect((await ask<RunShape>(platform, '/worker-runs/last', { key })).data.slug).toBe(run);
  });

  test('a blank callback URL counts as none', async () => {
    const { key } = await readyRun('blank-callback');
    const answer = await ask<{ run_slug: string }>(platform, '/worker-runs/last/rerun', {
      key,
      body: { callback_url: '' },
    });
    const { rows } = await platform.platform.database.pool.query<{ callback_url: unknown }>(
      'SELECT callback_url FROM run WHERE slug = $1',
      [answer.data.run_slug],
    );
    expect(rows).toEqual([{ callback_url: null }]);
  });
});

test.each(['limit=0', 'limit=101', 'offset=-1', 'limit=x'])(
  'a page of results with %s is 422 in every scope',
  async (query) => {
    const { key, paths } = await readyRun(`page-${query.replaceAll(/\W+/g, '-')}`);
    for (const path of paths) {
      const answer = await ask(platform, `${path}/result?${query}`, { key });
      expect(errorOf(answer)).toEqual({ status: 422, code: 11000 });
    }
  },
);

test('a queued run has an empty page of results and a log', async () => {
  const { key, paths } = await readyRun('waits');
  for (const path of paths) {
    const result = await ask(platform, `${path}/result`, { key });
    expect(result.data).toEqual({
      count: 0,
      headers: expect.any(Array),
      list: [],
      page_index: 1,
      page_size: 20,
    });
    const log = await ask(platform, `${path}/log`, { key });
    expect(log.data).toEqual({
      all_logs_url: expect.stringMatching(/^http:/),
      list: expect.any(Array),
      result_count: 0,
    });
  }
});
