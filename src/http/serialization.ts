/** Serializes answers by their schemas. */
import fastJsonStringify from 'fast-json-stringify';
import type { FastifySerializerCompiler } from 'fastify';
import type { TSchema } from 'typebox';

type Serialize = (answer: unknown) => string;

/** Operations share the schemas of errors. */
const serializers = new WeakMap<TSchema, Serialize>();

function serializerOf(schema: TSchema): Serialize {
  const known = serializers.get(schema);
  if (known !== undefined) return known;
  const serialize = fastJsonStringify(schema);
  serializers.set(schema, serialize);
  return serialize;
}

/** Compiles a serializer when it is first used. Compiling those of all operations would take a second of each start. */
export const serializerCompiler: FastifySerializerCompiler<TSchema> =
  ({ schema }) =>
  (answer) =>
    serializerOf(schema)(answer);
