import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

const origin = 'https://client.example.com';

async function preflight(
  platform: TestPlatform,
  path: string,
  method: string,
  headers: string,
): Promise<Response> {
  return fetch(`${platform.url}/api/v2${path}`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': headers },
  });
}

describe('by default', () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await startTestPlatform({}, { api: true, runner: false });
  });
  afterAll(async () => platform.close());

  test.each([
    ['GET', '/users/account', 'authorization'],
    ['POST', '/workers/a~b/runs', 'content-type,api-key'],
    ['PUT', '/worker-tasks/x', 'content-type, authorization'],
    ['DELETE', '/worker-tasks/x', 'api-key'],
    ['GET', '/no/such/route', 'authorization'],
  ])('any page may call the API with every way to authenticate: %s %s', async (method, path, headers) => {
    const response = await preflight(platform, path, method, headers);
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-allow-methods')).toBe('GET, POST, PUT, DELETE, OPTIONS');
    expect(response.headers.get('access-control-allow-headers')).toBe(
      'content-type, authorization, api-key, idempotency-key, if-match, if-none-match, x-chela-origin',
    );
    expect(await response.text()).toBe('');
  });

  test('an OPTIONS request that is not a preflight gets the same response', async () => {
    const response = await fetch(`${platform.url}/api/v2/workers`, { method: 'OPTIONS' });
    expect(response.status).toBe(204);
  });

  test.each(['/store', '/users/account', '/no/such/route', '/store?limit=0'])(
    'a page can read responses, errors included, and their request id: %s',
    async (path) => {
      const response = await fetch(`${platform.url}/api/v2${path}`, { headers: { origin } });
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(response.headers.get('access-control-expose-headers')).toBe('x-request-id, retry-after, etag');
    },
  );
});

describe('with a list of origins', () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await startTestPlatform(
      { corsOrigins: ['https://other.example.com', origin] },
      { api: true, runner: false },
    );
  });
  afterAll(async () => platform.close());

  test('listed origins may call', async () => {
    const response = await preflight(platform, '/store', 'GET', 'authorization');
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
  });

  test('others may not', async () => {
    const response = await fetch(`${platform.url}/api/v2/store`, {
      headers: { origin: 'https://evil.example.com' },
    });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });
});
