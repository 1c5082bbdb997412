import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { ask, errorOf } from './checked-answer.ts';
import { publishWorker } from './packages.ts';

const schema = {
  concurrency: { fields: ['items'] },
  properties: [
    { title: 'City', name: 'city', type: 'string', editor: 'input', description: 'A city.', required: true },
    { title: 'Items', name: 'items', type: 'array', editor: 'stringList', description: 'Parts.' },
  ],
};

let platform: TestPlatform;
let worker: string;
let otherKey: string;
beforeAll(async () => {
  platform = await startTestPlatform({ subtaskLimit: 3 }, { api: true, runner: false });
  worker = await publishWorker(platform, 'Parts', {
    files: { 'input_schema.json': JSON.stringify(schema) },
  });
  otherKey = (await platform.otherAccount('other')).key;
});
afterAll(async () => platform.close());

function inputOf(custom: unknown, system: unknown = {}): { input: unknown } {
  return { input: { parameters: { custom, system } } };
}

async function preview(body: unknown, key?: string) {
  return ask<{ subtasks: number }>(platform, `/workers/${worker}/runs/preview`, { body, key });
}

describe('GET /worker-runs/{runId}/input', () => {
  test('returns the input exactly as sent, and the version, in every scope', async () => {
    const body = `{"input": {"parameters": {"custom": {"city": "Oslo", "items": ["a"], "id": 12345678901234567890, "more": [1.5, null]}}}}`;
    const { data } = await ask<{ run_slug: string }>(platform, `/workers/${worker}/runs`, { body });
    for (const scope of [
      `/worker-runs/${data.run_slug}`,
      '/worker-runs/last',
      `/workers/${worker}/runs/last`,
    ]) {
      const response = await fetch(`${platform.url}/api/v2${scope}/input`, {
        headers: { authorization: `Bearer ${platform.key}` },
      });
      const text = await response.text();
      expect(text).toContain(
        '"input":{"parameters":{"custom":{"city":"Oslo","items":["a"],"id":12345678901234567890,"more":[1.5,null]}}}',
      );
      expect(text).toContain('"version":"v1.0.1"');
    }
    const stranger = await ask(platform, `/worker-runs/${data.run_slug}/input`, { key: otherKey });
    expect(stranger.status).toBe(404);
  });
});

describe('POST /workers/{workerId}/runs/preview', () => {
  test('counts the subtasks and makes no run', async () => {
    const { count } = (await ask<{ count: number }>(platform, '/worker-runs')).data;
    const { data } = await preview(inputOf({ city: 'Oslo', items: ['a', ' ', 'b'] }));
    expect(data).toEqual({ version: 'v1.0.1', subtasks: 2, subtask_limit: 3 });
    expect((await ask<{ count: number }>(platform, '/worker-runs')).data.count).toBe(count);
  });

  test.each([
    ['a required field is missing', { items: ['a'] }, {}, 'required input is missing: city'],
    ['too many subtasks', { city: 'Oslo', items: [1, 2, 3, 4] }, {}, 'concurrency_num (4) exceeds limit (3)'],
    ['nothing to split', { city: 'Oslo', items: [] }, {}, 'concurrency fields have no non-empty fields'],
    ['an option out of range', { city: 'Oslo', items: ['a'] }, { memory: 1 }, 'system.memory must be'],
  ])('fails as the start would: %s', async (_case, custom, system, message) => {
    const started = await ask(platform, `/workers/${worker}/runs`, { body: inputOf(custom, system) });
    const previewed = await preview(inputOf(custom, system));
    expect(previewed.message).toContain(message);
    expect(errorOf(previewed)).toEqual(errorOf(started));
  });

  test('another account cannot preview a private worker', async () => {
    expect((await preview(inputOf({ city: 'Oslo' }), otherKey)).status).toBe(404);
  });
});
