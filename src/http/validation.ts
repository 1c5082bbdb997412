/** Validates requests against their schemas, and explains errors in sentences. */
import { Ajv, type ErrorObject } from 'ajv';
import type { FastifyError, FastifySchemaCompiler, FastifySchemaValidationError } from 'fastify';
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

type Validate = (value: unknown) => true | { error: FastifySchemaValidationError[] };

function failure(errors: ErrorObject[] | null | undefined): { error: FastifySchemaValidationError[] } {
  return { error: (errors ?? []) as FastifySchemaValidationError[] };
}

function textValidator(schema: TSchema): Validate {
  const fits = texts.compile(schema);
  return (values) => fits(values) || failure(fits.errors);
}

function bodyValidator(schema: TSchema): Validate {
  const fits = bodiesToFirstError.compile(schema);
  return (body) => {
    if (fits(body)) return true;
    if (!hasFewValues(body, maxExplainedValues)) return failure(fits.errors);
    const explain = bodies.compile(schema);
    return failure(explain(body) ? fits.errors : explain.errors);
  };
}

/** Compiles a validator when it is first used. Compiling those of all operations would slow down each start. */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  let validate: Validate | undefined;
  return (value: unknown) => {
    validate ??= httpPart === 'body' ? bodyValidator(schema) : textValidator(schema);
    return validate(value);
  };
};

/** The part of a request that a schema describes. */
type RequestPart = NonNullable<FastifyError['validationContext']>;

const partNames: Readonly<Record<string, string>> = {
  body: 'the body',
  querystring: 'the query',
  params: 'the path',
  headers: 'the headers',
};

const typeWords: Readonly<Record<string, string>> = {
  string: 'a string',
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
};

function counted(count: unknown, one: string): string {
  return `${String(count)} ${one}${count === 1 ? '' : 's'}`;
}

/** What is wrong, in words that follow the name of a field. Undefined for keywords that need none of their own. */
function explanation({ keyword, params }: FastifySchemaValidationError): string | undefined {
  const { limit, type, format, pattern } = params as Readonly<Record<string, unknown>>;
  switch (keyword) {
    case 'type': {
      const types = Array.isArray(type) ? (type as unknown[]) : String(type).split(',');
      return `must be ${types.map((name) => typeWords[String(name)] ?? String(name)).join(' or ')}`;
    }
    case 'minLength':
      return `must have at least ${counted(limit, 'character')}`;
    case 'maxLength':
      return `must have at most ${counted(limit, 'character')}`;
    case 'minItems':
      return `must have at least ${counted(limit, 'value')}`;
    case 'maxItems':
      return `must have at most ${counted(limit, 'value')}`;
    case 'minimum':
      return `must be at least ${String(limit)}`;
    case 'maximum':
      return `must be at most ${String(limit)}`;
    case 'uniqueItems':
      return 'must not have the same value twice';
    case 'format':
      return `must be a valid ${String(format)}`;
    case 'pattern':
      return `must match the pattern ${String(pattern)}`;
    default:
      return undefined;
  }
}

function sentence(error: FastifySchemaValidationError & Partial<ErrorObject>, part: RequestPart): string {
  const field = error.instancePath.replace(/^\//, '').replaceAll('/', '.');
  const params = error.params as
    | { additionalProperty?: string; allowedValues?: unknown[]; missingProperty?: string }
    | undefined;
  if (params?.additionalProperty !== undefined) return `unknown field "${params.additionalProperty}"`;
  if (params?.allowedValues !== undefined)
    return `${field} must be one of ${params.allowedValues.join(', ')}`;
  if (params?.missingProperty !== undefined)
    return `${field === '' ? '' : `${field}.`}${params.missingProperty} is required`;
  return `${field === '' ? (partNames[part] ?? part) : field} ${explanation(error) ?? error.message ?? 'is invalid'}`;
}

/** The error for a request that violates its schema: 422 with every reason. */
export function shapeError(
  errors: readonly FastifySchemaValidationError[],
  part: RequestPart = 'body',
): ChelaError {
  const causes = errors.filter(({ keyword }) => keyword !== 'anyOf');
  const details = [...new Set(causes.map((error) => sentence(error, part)))];
  return new ChelaError('INVALID_SHAPE', details[0] ?? 'invalid argument', details);
}
