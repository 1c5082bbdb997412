/** Checks requests against their schemas and says in sentences what does not fit. */
import { Ajv, type ErrorObject } from 'ajv';
import type { FastifySchemaCompiler, FastifySchemaValidationError } from 'fastify';
import type { TSchema } from 'typebox';
import { ChelaError } from '../errors.ts';

/** Bodies are taken as they are; everything else in a request arrives as text and is read as its type. */
const bodies = new Ajv({ allErrors: true, coerceTypes: false, removeAdditional: false, strict: false });
const texts = new Ajv({ allErrors: true, coerceTypes: true, removeAdditional: false, strict: false });

export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) =>
  (httpPart === 'body' ? bodies : texts).compile(schema);

function sentence(error: FastifySchemaValidationError & Partial<ErrorObject>): string {
  const field = error.instancePath.replace(/^\//, '').replaceAll('/', '.');
  const params = error.params as { additionalProperty?: string; allowedValues?: unknown[] } | undefined;
  if (params?.additionalProperty !== undefined) return `unknown field "${params.additionalProperty}"`;
  if (params?.allowedValues !== undefined)
    return `${field} must be one of ${params.allowedValues.join(', ')}`;
  return `${field === '' ? 'the body' : field} ${error.message ?? 'is invalid'}`;
}

/** The error for a request that does not have the shape its operation wants: 422 with every reason. */
export function shapeError(errors: readonly FastifySchemaValidationError[]): ChelaError {
  const details = [...new Set(errors.filter(({ keyword }) => keyword !== 'anyOf').map(sentence))];
  return new ChelaError('INVALID_SHAPE', details[0] ?? 'invalid argument', details);
}
