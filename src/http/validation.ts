/** Validates requests against their schemas, and explains errors in sentences. */
import { Ajv, type ErrorObject } from 'ajv';
import type { FastifySchemaCompiler, FastifySchemaValidationError } from 'fastify';
import type { TSchema } from 'typebox';
import { ChelaError } from '../errors.ts';

const shared = { removeAdditional: false, strict: false } as const;
/** Bodies are checked without conversion. All other parts of a request are text, and are converted to their types. */
const texts = new Ajv({ ...shared, allErrors: true, coerceTypes: true });
const bodies = new Ajv({ ...shared, allErrors: true, coerceTypes: false });
const bodiesToFirstError = new Ajv({ ...shared, allErrors: false, coerceTypes: false });

/**
 * Larger bodies get only their first error: collecting one for each of millions of values takes minutes and gigabytes.
 */
const maxExplainedValues = 1000;

/** Whether a JSON value contains at most this many values, counting itself. */
function hasFewValues(value: unknown, most: number): boolean {
  let count = 1;
  const waiting = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next !== 'object' || next === null) continue;
    if (Array.isArray(next) && next.length > most) return false;
    for (const inner of Object.values(next)) {
      count += 1;
      if (count > most) return false;
      waiting.push(inner);
    }
  }
  return true;
}

function bodyValidator(schema: TSchema): ReturnType<FastifySchemaCompiler<TSchema>> {
  const fits = bodiesToFirstError.compile(schema);
  const explain = bodies.compile(schema);
  return (body: unknown) => {
    if (fits(body)) return true;
    const isExplained = hasFewValues(body, maxExplainedValues) && !explain(body);
    const errors = isExplained ? explain.errors : fits.errors;
    return { error: (errors ?? []) as FastifySchemaValidationError[] };
  };
}

export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) =>
  httpPart === 'body' ? bodyValidator(schema) : texts.compile(schema);

function sentence(error: FastifySchemaValidationError & Partial<ErrorObject>): string {
  const field = error.instancePath.replace(/^\//, '').replaceAll('/', '.');
  const params = error.params as { additionalProperty?: string; allowedValues?: unknown[] } | undefined;
  if (params?.additionalProperty !== undefined) return `unknown field "${params.additionalProperty}"`;
  if (params?.allowedValues !== undefined)
    return `${field} must be one of ${params.allowedValues.join(', ')}`;
  return `${field === '' ? 'the body' : field} ${error.message ?? 'is invalid'}`;
}

/** The error for a request that violates its schema: 422 with every reason. */
export function shapeError(errors: readonly FastifySchemaValidationError[]): ChelaError {
  const details = [...new Set(errors.filter(({ keyword }) => keyword !== 'anyOf').map(sentence))];
  return new ChelaError('INVALID_SHAPE', details[0] ?? 'invalid argument', details);
}
