/** Sends the request as any program would, without the console's cookie. */
import { apiPath } from '../../api/client.ts';
import { pathValue, type PreparedRequest } from '../../../../src/documentation/request.ts';

export interface SentAnswer {
  /** 0 if the server did not answer. */
  readonly status: number;
  readonly milliseconds: number;
  /** Indented JSON, or the text as received. */
  readonly text: string;
}

function prettyText(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}

export async function send({ method, url, headers, body }: PreparedRequest): Promise<SentAnswer> {
  const startedAt = performance.now();
  const elapsed = (): number => Math.round(performance.now() - startedAt);
  try {
    const response = await fetch(url, { method, headers, body, credentials: 'omit' });
    const text = await response.text();
    return { status: response.status, milliseconds: elapsed(), text: prettyText(text) };
  } catch {
    return { status: 0, milliseconds: elapsed(), text: '' };
  }
}

interface InputSchema {
  readonly properties?: readonly { readonly name?: string; readonly default?: unknown }[];
}

type Body = { input?: { parameters?: { custom?: Record<string, unknown> } } } & Record<string, unknown>;

function isEmpty(custom: unknown): boolean {
  return (
    custom === undefined ||
    (typeof custom === 'object' && custom !== null && Object.keys(custom).length === 0)
  );
}

/** @throws Error if the worker cannot be read with the token */
async function readInputSchema(workerId: string, token: string): Promise<InputSchema> {
  const response = await fetch(apiPath(`/workers/${pathValue(workerId)}/input-schema`), {
    headers: token === '' ? {} : { authorization: `Bearer ${token}` },
    credentials: 'omit',
  });
  const { data } = (await response.json()) as { data?: { input_schema: InputSchema } };
  if (data === undefined) throw new Error(`the worker ${workerId} cannot be read`);
  return data.input_schema;
}

/**
 * Fills an empty `custom` with the defaults of the worker's input schema, as the console's form would.
 * @returns the body unchanged if there is nothing to fill or the worker cannot be read
 */
export async function withDefaults(body: string, workerId: string, token: string): Promise<string> {
  const parsed = (body.trim() === '' ? {} : JSON.parse(body)) as Body;
  if (!isEmpty(parsed.input?.parameters?.custom)) return body;
  try {
    const schema = await readInputSchema(workerId, token);
    const defaults = (schema.properties ?? []).filter((property) => property.default !== undefined);
    if (defaults.length === 0) return body;
    const custom = Object.fromEntries(defaults.map((property) => [property.name, property.default]));
    const parameters = { ...parsed.input?.parameters, custom };
    return JSON.stringify({ ...parsed, input: { ...parsed.input, parameters } }, undefined, 2);
  } catch {
    return body;
  }
}
