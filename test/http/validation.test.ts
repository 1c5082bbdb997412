/** Requests that do not match the schema of their operation. */
import type { FastifySchemaValidationError } from 'fastify';
import { Type } from 'typebox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shapeError, validatorCompiler } from '../../src/http/validation.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

const validate = validatorCompiler({
  method: 'POST',
  url: '/things',
  httpPart: 'body',
  schema: Type.Object(
    { names: Type.Optional(Type.Array(Type.String())), count: Type.Integer() },
    { additionalProperties: false },
  ),
});

function detailsOf(body: unknown): readonly string[] {
  const result = validate(body) as true | { error: FastifySchemaValidationError[] };
  return result === true ? [] : (shapeError(result.error).details ?? []);
}

describe('the body of a request', () => {
  test('is refused with every reason', () => {
    expect(detailsOf({ names: ['a'], count: 1 })).toEqual([]);
    expect(detailsOf({ names: [1, 'a', null], more: 1 })).toEqual([
      'count is required',
      'unknown field "more"',
      'names.0 must be a string',
      'names.2 must be a string',
    ]);
    expect(detailsOf(null)).toEqual(['the body must be an object']);
  });

  test('is refused in plain words', () => {
    const schema = Type.Object(
      {
        name: Type.String({ minLength: 1 }),
        tags: Type.Array(Type.String(), { maxItems: 1, uniqueItems: true }),
        size: Type.Union([Type.Integer({ minimum: 2, maximum: 5 }), Type.Null()]),
        place: Type.Object({ zone: Type.String() }),
      },
      { additionalProperties: false },
    );
    const check = validatorCompiler({ method: 'POST', url: '/things', httpPart: 'body', schema });
    const result = check({ name: '', tags: ['a', 'a'], size: 9, place: {} }) as {
      error: FastifySchemaValidationError[];
    };
    expect(shapeError(result.error).details).toEqual([
      'name must have at least 1 character',
      'tags must have at most 1 value',
      'tags must not have the same value twice',
      'size must be at most 5',
      'size must be null',
      'place.zone is required',
    ]);
  });

  // One error for each would take a minute and a gigabyte.
  test('is refused with the first reason if it has too many values to explain', () => {
    expect(detailsOf({ names: Array.from({ length: 5_000_000 }, () => 1), count: 1 })).toEqual([
      'names.0 must be a string',
    ]);
    expect(
      detailsOf({
        count: 1,
        ...Object.fromEntries(Array.from({ length: 2000 }, (_, key) => [`k${key}`, 1])),
      }),
    ).toEqual(['unknown field "k0"']);
    expect(detailsOf({ names: [1, 'a', null] })).toHaveLength(3);
  });
});

describe('a public operation', () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await startTestPlatform({}, { api: true, runner: false });
  });
  afterAll(async () => platform.close());

  test('says that a parameter is missing from the query', async () => {
    const answer = await platform.call('/worker-runs/last/log/matches');
    expect(answer).toMatchObject({ status: 422, message: 'search is required' });
  });

  test('accepts only small bodies', async () => {
    const answer = await fetch(`${platform.url}/api/v2/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'a'.repeat(20_000), password: 'x' }),
    });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ message: 'Request body is too large' });
  });
});
