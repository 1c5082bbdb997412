/** Reads the OpenAPI document into the form that the API reference shows. */

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly format?: string;
  readonly examples?: readonly unknown[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly example?: unknown;
  readonly schema: Schema;
}

interface Content {
  readonly schema?: Schema;
}

export interface OperationAnswer {
  readonly description: string;
  readonly content?: Readonly<Record<string, Content>>;
  /** The errors that the operation can give with this status. */
  readonly 'x-errors'?: readonly { readonly code: number; readonly text: string }[];
}

export interface Operation {
  readonly operationId: string;
  readonly method: string;
  /** Including the base path, `/api/v2/workers/{workerId}`. */
  readonly path: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly security: readonly unknown[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, OperationAnswer>>;
}

export interface ApiDocument {
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly operations: readonly Operation[];
  readonly schemas: Readonly<Record<string, Schema>>;
}

/** The document at `/openapi.json`. */
export interface ServedDocument {
  readonly tags: ApiDocument['tags'];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Omit<Operation, 'method' | 'path'>>>>>;
  readonly components: { readonly schemas: ApiDocument['schemas'] };
}

/** The operations of a served document, in its order. */
export function readApiDocument({ tags, paths, components }: ServedDocument): ApiDocument {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      parameters: operation.parameters ?? [],
      method: method.toUpperCase(),
      path,
    })),
  );
  return { tags, operations, schemas: components.schemas };
}

/** Follows the reference of a schema, if it is one. */
function resolved(schema: Schema, { schemas }: ApiDocument): Schema {
  const name = schema.$ref?.split('/').at(-1);
  return name === undefined ? schema : (schemas[name] ?? {});
}

/** A value that fits the schema, built from its examples. */
export function exampleOf(given: Schema, document: ApiDocument): unknown {
  const schema = resolved(given, document);
  if (schema.examples?.[0] !== undefined) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.enum?.[0] !== undefined) return schema.enum[0];
  if (schema.anyOf?.[0] !== undefined) return exampleOf(schema.anyOf[0], document);
  if (schema.properties !== undefined) {
    const entries = Object.entries(schema.properties).map(([name, value]) => [
      name,
      exampleOf(value, document),
    ]);
    return Object.fromEntries(entries);
  }
  if (schema.items !== undefined) return [exampleOf(schema.items, document)];
  const plain: Readonly<Record<string, unknown>> = {
    boolean: false,
    integer: 0,
    number: 0,
    array: [],
    object: {},
  };
  return plain[schema.type ?? ''] ?? '';
}

/** A value as the reader would type it; '' for none. */
export function textOf(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** One row of a table of fields. */
export interface Field {
  /** `data.list[].slug` */
  readonly path: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

const deepest = 6;

/** All fields of a schema; nested ones have paths. */
export function fieldsOf(given: Schema, document: ApiDocument, prefix = '', depth = 0): Field[] {
  const schema = resolved(given, document);
  if (depth > deepest) return [];
  if (schema.anyOf !== undefined) {
    return schema.anyOf.flatMap((option) => fieldsOf(option, document, prefix, depth + 1));
  }
  if (schema.items !== undefined) return fieldsOf(schema.items, document, `${prefix}[]`, depth + 1);
  return Object.entries(schema.properties ?? {}).flatMap(([name, value]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const isRequired = schema.required?.includes(name) ?? false;
    return [
      { path, schema: resolved(value, document), isRequired },
      ...fieldsOf(value, document, path, depth + 1),
    ];
  });
}

/** Type and limits of a schema in short form, such as `integer, 1 to 100, default 20`. */
export function typeOf(schema: Schema): string {
  const type = schema.type ?? (schema.anyOf === undefined ? 'any' : schema.anyOf.map(typeOf).join(' or '));
  const isListOfOne = schema.type === 'array' && schema.items?.type !== undefined;
  const limits = [schema.minimum, schema.maximum].some((limit) => limit !== undefined)
    ? rangeOf(schema.minimum, schema.maximum)
    : undefined;
  const lengths =
    schema.maxLength === undefined ? undefined : `${schema.minLength ?? 0} to ${schema.maxLength} characters`;
  const fallback = schema.default === undefined ? undefined : `default ${JSON.stringify(schema.default)}`;
  const choices = schema.enum === undefined ? undefined : schema.enum.map(String).join(' | ');
  return [isListOfOne ? `array of ${schema.items?.type}` : type, choices, limits, lengths, fallback]
    .filter((part) => part !== undefined)
    .join(', ');
}

function rangeOf(minimum: number | undefined, maximum: number | undefined): string | undefined {
  const hasMaximum = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  if (minimum !== undefined && hasMaximum) return `${minimum} to ${maximum}`;
  if (hasMaximum) return `at most ${maximum}`;
  return minimum === undefined ? undefined : `${minimum} or more`;
}
