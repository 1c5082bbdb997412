import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { thirdPartyWorkerFolder } from '../fixtures/third-party-worker.ts';
import { startTestPlatform, type RunShape, type TestPlatform } from '../support/test-platform.ts';

interface RunEvent {
  id: string;
  name: string;
  data: Record<string, unknown>;
}

let platform: TestPlatform;
let worker: string;

beforeAll(async () => {
  platform = await startTestPlatform({ eventStreamLimit: 4 });
  worker = await platform.publish(thirdPartyWorkerFolder, 'Followed');
});

afterAll(async () => {
  await platform.close();
});

function open(slug: string, lastEventId?: string, signal?: AbortSignal): Promise<Response> {
  return fetch(`${platform.url}/api/v2/worker-runs/${slug}/events`, {
    headers: {
      authorization: `Bearer ${platform.key}`,
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
    },
    signal: signal ?? null,
  });
}

function parseEvent(text: string): RunEvent {
  const fields = Object.fromEntries(text.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
  return { id: fields['id'], name: fields['event'], data: JSON.parse(fields['data']) };
}

async function* eventsOf(response: Response): AsyncGenerator<RunEvent> {
  let rest = '';
  if (response.body === null) throw new Error('no stream');
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const texts = (rest + chunk).split('\n\n');
    rest = texts.pop() ?? '';
    for (const text of texts) if (!text.startsWith(':')) yield parseEvent(text);
  }
}

async function allEvents(slug: string, lastEventId?: string): Promise<RunEvent[]> {
  return Array.fromAsync(eventsOf(await open(slug, lastEventId)));
}

function named(events: readonly RunEvent[], name: string): RunEvent[] {
  return events.filter((event) => event.name === name);
}

function key({ name, data }: RunEvent): string {
  return name + JSON.stringify(data);
}

describe('following a run', () => {
  test('streams every status, log line and row, then ends', async () => {
    const slug = await platform.runAsync(worker, { items: ['one'], rows: 3 });
    const events = await allEvents(slug);
    const run = await platform.run(slug);
    expect(named(events, 'row')).toHaveLength(run.results);
    expect(named(events, 'log').map(({ data }) => data['content'])).toContain(
      'SYSTEM: finished with exit code 0',
    );
    expect(named(events, 'status').at(-1)).toMatchObject({ data: { status: 'succeeded' } });
    expect(events.at(-1)).toMatchObject({ id: 'end', name: 'end' });
  });

  test('resumes after the last event seen, without duplicates or gaps', async () => {
    const slug = await platform.runAsync(worker, { items: ['one'], rows: 5 });
    const all = await allEvents(slug);
    const content = all.filter(({ name }) => name === 'row' || name === 'log');
    const middle = content[Math.floor(content.length / 2)];
    const rest = await allEvents(slug, middle?.id);
    const restContent = rest.filter(({ name }) => name === 'row' || name === 'log');
    const seen = content.slice(0, content.findIndex(({ id }) => id === middle?.id) + 1);
    expect([...seen, ...restContent].map(key).toSorted()).toEqual(content.map(key).toSorted());
  });

  test('tells a client that reconnects after the end that there is nothing more', async () => {
    const slug = await platform.runAsync(worker, { items: ['one'], rows: 1 });
    await platform.finished(slug);
    const response = await open(slug, 'end');
    expect(response.status).toBe(204);
  });

  test('is refused in the envelope beyond the limit of open streams', async () => {
    const slug = await platform.runAsync(worker, { items: ['one'], rows: 1, sleep_seconds: 600 });
    const leave = new AbortController();
    const opened = await Promise.all([1, 2, 3, 4].map(async () => open(slug, undefined, leave.signal)));
    expect(opened.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const refused = await open(slug);
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({
      code: 13_000,
      message: expect.stringContaining('4 open event streams (CHELA_EVENT_STREAM_LIMIT)'),
    });
    const { key: otherKey } = await platform.otherAccount('streaming');
    const other = await fetch(`${platform.url}/api/v2/worker-runs/${slug}/events`, {
      headers: { authorization: `Bearer ${otherKey}` },
    });
    expect(other.status).toBe(404);
    leave.abort();
    await platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
    await expect.poll(async () => (await open(slug)).status).toBe(200);
  });

  test('is unaffected by a client that disconnects', async () => {
    const slug = await platform.runAsync(worker, { items: ['one'], rows: 2, sleep_seconds: 1 });
    const leave = new AbortController();
    const events = eventsOf(await open(slug, undefined, leave.signal));
    await events.next();
    leave.abort();
    expect((await platform.finished(slug)).status).toBe('succeeded');
  });

  test("is 404 for another account's run", async () => {
    const slug = await platform.runAsync(worker, { items: ['one'], rows: 1 });
    const { key } = await platform.otherAccount('listener');
    const answer = await platform.call(`/worker-runs/${slug}/events`, { key });
    expect([answer.status, answer.code]).toEqual([404, 11004]);
  });
});

describe('reading rows after a given row', () => {
  test('returns the rows after it, page by page, to the end', async () => {
    const slug = await platform.runAsync(worker, { items: ['one'], rows: 7 });
    await platform.finished(slug);
    const first = await platform.call<{ count: number; list: { __coreclaw_data_id__: string }[] }>(
      `/worker-runs/${slug}/result?limit=100`,
    );
    const ids: string[] = [];
    let after = '';
    for (;;) {
      const { data } = await platform.call<typeof first.data>(
        `/worker-runs/${slug}/result?limit=3${after === '' ? '' : `&after=${after}`}`,
      );
      if (data.list.length === 0) break;
      ids.push(...data.list.map((row) => row.__coreclaw_data_id__));
      after = ids.at(-1) ?? '';
    }
    expect(ids).toEqual(first.data.list.map((row) => row.__coreclaw_data_id__));
  });

  test.each(['7', 'x-1', 'SLUG-0', 'SLUG-', 'SLUG-1e3'])('refuses %s, which names no row', async (text) => {
    const slug = await platform.runAsync(worker, { items: ['one'], rows: 1 });
    const answer = await platform.call(`/worker-runs/${slug}/result?after=${text.replace('SLUG', slug)}`);
    expect([answer.status, answer.code]).toEqual([400, 11000]);
  });
});

describe('listing runs', () => {
  test('filters by origin, and sorts oldest first', async () => {
    const first = await platform.runAsync(worker, { items: ['one'], rows: 0 });
    const second = await platform.runAsync(worker, { items: ['one'], rows: 0 });
    const list = async (query: string): Promise<string[]> => {
      const { data } = await platform.call<{ list: RunShape[] }>(`/worker-runs?limit=100&${query}`);
      return data.list.map(({ slug }) => slug);
    };
    expect((await list('origin=api_v2')).slice(0, 2)).toEqual([second, first]);
    expect((await list('sort=created_at')).slice(-2)).toEqual([first, second]);
    expect(await list('origin=schedule')).toEqual([]);
    expect((await platform.call('/worker-runs?sort=size')).status).toBe(422);
    expect((await platform.call('/worker-runs?origin=nowhere')).status).toBe(422);
  });
});
