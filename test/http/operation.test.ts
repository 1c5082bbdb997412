import { Type } from 'typebox';
import { expect, test } from 'vitest';
import type { ApiApp } from '../../src/http/api-context.ts';
import { success } from '../../src/http/envelope.ts';
import { enumeration } from '../../src/answers/enumeration.ts';
import { operation } from '../../src/http/operation.ts';

const parts = { id: 'getThing', tag: 'system', summary: 'Get thing', description: 'A thing' } as const;
const Thing = Type.Object({ state: enumeration(['new', 'used']), sizes: Type.Array(Type.Integer()) });

test('an enumeration is a string or an integer with its values, in documents too', () => {
  expect({ ...enumeration(['new', 'used'], { description: 'State' }) }).toEqual({
    type: 'string',
    enum: ['new', 'used'],
    description: 'State',
  });
  expect({ ...enumeration([0, 1]) }).toEqual({ type: 'integer', enum: [0, 1] });
});

/** Checked by the compiler only; none of this runs. */
export function wrongAnswersDoNotCompile(app: ApiApp): void {
  const thing = operation({ ...parts, data: Thing });
  const nothing = operation(parts);
  app.get('/1', thing, async (request) => success(request, { state: 'used', sizes: [1] } as const));
  app.get('/2', nothing, async (request) => success(request));
  // @ts-expect-error a state that the schema does not have
  app.get('/3', thing, async (request) => success(request, { state: 'broken', sizes: [1] } as const));
  // @ts-expect-error a string where the schema has numbers
  app.get('/4', thing, async (request) => success(request, { state: 'used', sizes: ['1'] } as const));
  // @ts-expect-error a missing field
  app.get('/5', thing, async (request) => success(request, { state: 'used' } as const));
  // @ts-expect-error missing data
  app.get('/6', thing, async (request) => success(request));
}
