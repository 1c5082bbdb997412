/**
 * Completes the OpenAPI document with what routes cannot express: names for shared schemas, forms, optional bodies, the
 * errors of each operation, and shapes that are not used to serialize.
 */
import { errorKinds, type ErrorKey } from '../errors.ts';

type Schema = { [keyword: string]: unknown };
type Content = Record<string, { schema?: Schema }>;

/** An error of an operation, in the extension `x-errors` of its answer. */
interface OperationError {
  readonly code: number;
  readonly key: ErrorKey;
  readonly text: string;
}

interface Operation {
  parameters?: { in: string; name: string }[];
  operationId?: string;
  callbacks?: Record<string, Record<string, Record<string, Operation>>>;
  requestBody?: { required?: boolean; content: Content };
  responses?: Record<string, { description?: string; content?: Content; 'x-errors'?: OperationError[] }>;
  'x-form'?: Schema;
  'x-errors'?: readonly ErrorKey[];
  [field: string]: unknown;
}

export interface ApiDocument {
  paths?: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema>; [kind: string]: unknown };
  [part: string]: unknown;
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether the values of a keyword are data, even if they look like schemas. */
function isData(keyword: string): boolean {
  return keyword === 'examples' || keyword === 'example' || keyword === 'default' || keyword === 'enum';
}

/** Collects schemas that have a title under that name, and replaces them with references. */
class SchemaNames {
  readonly schemas: Record<string, Schema> = {};
  /** Names of answers and bodies by their content. Operations with the same content share one name. */
  readonly #shared = new Map<string, string>();

  /** @throws Error if two different schemas have one title */
  named(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.named(item));
    if (!isObject(value)) return value;
    if ('x-documented-as' in value) return this.named(value['x-documented-as']);
    const schema = Object.fromEntries(
      Object.entries(value).map(([keyword, part]) => [keyword, isData(keyword) ? part : this.named(part)]),
    );
    const { title, ...content } = schema;
    if (typeof title !== 'string' || !('type' in schema || 'anyOf' in schema)) return schema;
    return this.#named(title, content);
  }

  /** Names the body of an operation that has no title. */
  body(operationId: string, schema: Schema): Schema {
    const named = this.named(schema) as Schema;
    if ('$ref' in named) return named;
    return this.#named(`${operationId.slice(0, 1).toUpperCase()}${operationId.slice(1)}Body`, named);
  }

  #named(title: string, content: Schema): Schema {
    const text = JSON.stringify(content);
    const isShared = title.endsWith('Answer') || title.endsWith('Body');
    const shared = isShared ? this.#shared.get(text) : undefined;
    if (shared !== undefined) return { $ref: `#/components/schemas/${shared}` };
    if (isShared) this.#shared.set(text, title);
    const known = this.schemas[title];
    if (known !== undefined && JSON.stringify(known) !== text) {
      throw new Error(`two schemas of the API have the title ${title}`);
    }
    this.schemas[title] = content;
    return { $ref: `#/components/schemas/${title}` };
  }
}

/** A body is optional if all its fields are. */
export function isOptionalBody(schema: unknown): boolean {
  const { required } = isObject(schema) ? schema : {};
  return !Array.isArray(required) || required.length === 0;
}

function completeBody(operation: Operation): void {
  const form = operation['x-form'];
  if (form !== undefined) {
    operation.requestBody = { content: { 'multipart/form-data': { schema: form } } };
    delete operation['x-form'];
  }
  const { requestBody } = operation;
  if (requestBody === undefined) return;
  requestBody.required = Object.values(requestBody.content).some(({ schema }) => !isOptionalBody(schema));
}

/** Says for each error status which errors the operation can give. The schemas of errors are shared, and list all codes. */
function completeErrors(operation: Operation): void {
  const errors = (operation['x-errors'] ?? []).map((key) => ({ key, ...errorKinds[key] }));
  delete operation['x-errors'];
  for (const [code, answer] of Object.entries(operation.responses ?? {})) {
    const ofStatus = errors.filter(({ status }) => String(status) === code);
    if (ofStatus.length === 0) continue;
    answer['x-errors'] = ofStatus.map(({ code: application, key, text }) => ({
      code: application,
      key,
      text,
    }));
    answer.description = ofStatus
      .map(({ code: application, key, text }) => `${application} ${key}: ${text}`)
      .join('; ');
  }
}

/** The requests that the platform sends as a result of an operation. */
function callbacksOf({ callbacks }: Operation): Operation[] {
  return Object.values(callbacks ?? {})
    .flatMap((paths) => Object.values(paths))
    .flatMap((methods) => Object.values(methods));
}

/** Describes the requests that the platform sends. The generator keeps only their bodies and responses. */
function completeCallbacks(operation: Operation): void {
  for (const callback of callbacksOf(operation)) {
    callback.operationId = `${operation.operationId}Callback`;
    callback['summary'] = 'Receive run status';
    callback['description'] = 'Your server receives the status changes of the run.';
    callback['security'] = [];
  }
}

function callbackBodies(operation: Operation): { content?: Content }[] {
  return callbacksOf(operation).flatMap(({ requestBody }) => requestBody ?? []);
}

/** Sorts path parameters first, in the order of the path, which generated functions also use for their arguments. */
function orderParameters(path: string, { parameters }: Operation): void {
  const placeOf = (parameter: { in: string; name: string }): number =>
    parameter.in === 'path' ? path.indexOf(`{${parameter.name}}`) : path.length;
  parameters?.sort((one, other) => placeOf(one) - placeOf(other));
}

const largestInt32 = 2 ** 31 - 1;

/** Generated clients read integers without a format into 32 bits, which bytes and times in milliseconds exceed. */
function declareLongIntegers(part: unknown): void {
  if (Array.isArray(part)) part.forEach(declareLongIntegers);
  if (!isObject(part)) return;
  const { type, maximum } = part;
  const mayBeLong = typeof maximum !== 'number' || maximum > largestInt32;
  if (type === 'integer' && mayBeLong && !('enum' in part)) part['format'] ??= 'int64';
  for (const [keyword, inner] of Object.entries(part)) if (!isData(keyword)) declareLongIntegers(inner);
}

/** Builds the served document from the one generated from the routes. */
export function completeDocument(source: object): ApiDocument {
  const document = JSON.parse(JSON.stringify(source)) as ApiDocument;
  const names = new SchemaNames();
  for (const [path, operations] of Object.entries(document.paths ?? {})) {
    for (const operation of Object.values(operations)) {
      completeBody(operation);
      completeErrors(operation);
      orderParameters(path, operation);
      completeCallbacks(operation);
      for (const media of Object.values(operation.requestBody?.content ?? {})) {
        if (media.schema !== undefined) media.schema = names.body(operation.operationId ?? '', media.schema);
      }
      for (const { content } of [...Object.values(operation.responses ?? {}), ...callbackBodies(operation)]) {
        for (const media of Object.values(content ?? {})) {
          if (media.schema !== undefined) media.schema = names.named(media.schema) as Schema;
        }
      }
    }
  }
  document.components = { ...document.components, schemas: names.schemas };
  declareLongIntegers(document);
  return document;
}
