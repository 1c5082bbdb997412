/** Checks responses against the OpenAPI document. */
import { Ajv, type ValidateFunction } from 'ajv';

type Schema = Record<string, unknown>;

interface Operation {
  responses: Record<
    string,
    { content?: Record<string, { schema?: Schema }>; 'x-errors'?: { code: number }[] }
  >;
}

export interface ApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

function pathPattern(path: string): RegExp {
  const parts = path.split('/').map((part) => (part.startsWith('{') ? '[^/]+' : RegExp.escape(part)));
  return new RegExp(`^${parts.join('/')}/?$`);
}

class AnswerCheck {
  readonly #paths: { pattern: RegExp; operations: Record<string, Operation>; parameters: number }[];
  readonly #validators = new Map<Schema, ValidateFunction>();
  readonly #ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });

  constructor(document: ApiDocument) {
    this.#paths = Object.entries(document.paths)
      .map(([path, operations]) => ({
        pattern: pathPattern(path),
        operations,
        parameters: path.split('{').length,
      }))
      // A literal path wins over one with parameters, as in the router.
      .toSorted((one, other) => one.parameters - other.parameters);
  }

  /** @throws Error that says where the response and the document differ */
  check(method: string, path: string, status: number, body: unknown): void {
    const operation = this.#paths.find(({ pattern }) => pattern.test(path))?.operations[method.toLowerCase()];
    // Unknown paths and methods get responses too.
    if (operation === undefined) return;
    const response = operation.responses[String(status)];
    if (response === undefined)
      throw new Error(`${method} ${path} answered ${status}, which is not documented`);
    const schema = response.content?.['application/json']?.schema;
    if (schema === undefined) return;
    const { code } = body as { code?: number };
    if (response['x-errors']?.every((error) => error.code !== code))
      throw new Error(`${method} ${path} answered ${status} with the code ${code}, which is not documented`);
    const validate = this.#validator(schema);
    if (validate(body)) return;
    throw new Error(
      `${method} ${path} answered ${status} with a body unlike its document: ${this.#ajv.errorsText(validate.errors)}`,
    );
  }

  #validator(schema: Schema): ValidateFunction {
    let validate = this.#validators.get(schema);
    if (validate === undefined) {
      validate = this.#ajv.compile(schema);
      this.#validators.set(schema, validate);
    }
    return validate;
  }
}

/** The document with every reference replaced by its target; no schema of it contains itself. */
export function dereferenced<Document extends { components: { schemas: Record<string, unknown> } }>(
  document: Document,
): Document {
  function resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    if ('$ref' in value && typeof value.$ref === 'string') {
      return resolve(document.components.schemas[value.$ref.replace('#/components/schemas/', '')]);
    }
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, resolve(part)]));
  }
  return resolve(document) as Document;
}

let shared: Promise<AnswerCheck> | undefined;

/**
 * The check for a platform. All platforms have the same document, whatever their settings, so it is read once in each process:
 * making and compiling it takes longer than most tests.
 */
export async function answerCheck(url: string): Promise<AnswerCheck> {
  shared ??= readCheck(url).catch((error: unknown) => {
    // The platform may have ended. The next one is asked again.
    shared = undefined;
    throw error;
  });
  return shared;
}

async function readCheck(url: string): Promise<AnswerCheck> {
  const response = await fetch(`${url}/openapi.json`);
  return new AnswerCheck(dereferenced((await response.json()) as ApiDocument));
}
