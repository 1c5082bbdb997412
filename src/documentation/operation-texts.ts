/** The contents of an operation's page, and the same page as Markdown. */
import {
  exampleOf,
  fieldsOf,
  textOf,
  typeOf,
  type ApiDocument,
  type Operation,
  type Schema,
} from './api-document.ts';
import type { ReferenceLabels } from './labels.ts';
import { curlOf, needsAuthentication, prepareRequest } from './request.ts';

const json = 'application/json';

/** A row in a table of fields or parameters. */
export interface FieldRow {
  readonly name: string;
  readonly schema: Schema;
  readonly description: string | undefined;
  /** Undefined if it does not apply, as in an answer. */
  readonly isRequired?: boolean;
}

export interface ResponseMeaning {
  readonly status: string;
  readonly code: string;
  readonly meaning: string;
}

/** One entry per error that the operation can give, and one per other answer. */
export function responseMeanings({ responses }: Operation, success: string): ResponseMeaning[] {
  return Object.entries(responses).flatMap(([status, answer]) => {
    if (status.startsWith('2')) return [{ status, code: status === '200' ? '0' : '', meaning: success }];
    const errors = answer['x-errors'];
    if (errors === undefined) return [{ status, code: '', meaning: answer.description }];
    return errors.map(({ code, text }) => ({ status, code: String(code), meaning: text }));
  });
}

export function bodySchema({ requestBody }: Operation): Schema | undefined {
  return requestBody?.content[json]?.schema;
}

export function hasForm({ requestBody }: Operation): boolean {
  return requestBody?.content['multipart/form-data'] !== undefined;
}

export function answerSchema({ responses }: Operation): Schema | undefined {
  return responses['200']?.content?.[json]?.schema;
}

export function pretty(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}

/** The initial body of the form, from the document's examples; '' if the operation has no body. */
export function exampleBody(operation: Operation, document: ApiDocument): string {
  const schema = bodySchema(operation);
  return schema === undefined ? '' : pretty(exampleOf(schema, document));
}

export function parameterRows({ parameters }: Operation, place: 'path' | 'query' | 'header'): FieldRow[] {
  return parameters
    .filter((parameter) => parameter.in === place)
    .map(({ name, schema, description, required }) => ({
      name,
      schema,
      description,
      isRequired: place === 'path' || required === true,
    }));
}

export function bodyRows(operation: Operation, document: ApiDocument): FieldRow[] {
  const schema = bodySchema(operation);
  if (schema === undefined) return [];
  return fieldsOf(schema, document).map(({ path, schema: field, isRequired }) => ({
    name: path,
    schema: field,
    description: field.description,
    isRequired,
  }));
}

export function answerRows(operation: Operation, document: ApiDocument): FieldRow[] {
  const schema = answerSchema(operation);
  if (schema === undefined) return [];
  return fieldsOf(schema, document).map(({ path, schema: field }) => ({
    name: path,
    schema: field,
    description: field.description,
  }));
}

/** Notes about the identifiers in the operation's path. */
export function identifierNotes({ path }: Operation, texts: ReferenceLabels): string[] {
  const { identifierTexts } = texts;
  const named = (['workerId', 'runId', 'workerTaskId', 'queueId'] as const).filter((name) =>
    path.includes(`{${name}}`),
  );
  return [
    ...named.map((name) => identifierTexts[name]),
    ...(path.includes('/last') ? [identifierTexts.last] : []),
  ];
}

/** The example request, with placeholders instead of values. */
export function exampleRequest(operation: Operation, document: ApiDocument, origin: string) {
  const values = operation.parameters
    .filter(({ in: place, required }) => place === 'path' || required === true)
    .map(({ name, example }) => [name, textOf(example) || `YOUR_${name.toUpperCase()}`]);
  return prepareRequest(operation, origin, {
    mode: 'bearer',
    token: 'YOUR_API_KEY',
    values: Object.fromEntries(values) as Record<string, string>,
    body: exampleBody(operation, document),
  });
}

/** A heading with its content; empty without content. */
function section(title: string, content: string): string[] {
  return content === '' ? [] : [`## ${title}`, content];
}

/** Escapes text for a table cell. */
function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ');
}

function markdownTable(rows: readonly FieldRow[]): string {
  const lines = rows.map(({ name, schema, description, isRequired }) => {
    const required = isRequired === undefined ? '' : isRequired ? 'yes' : 'no';
    return `| \`${name}\` | ${required} | ${cell(typeOf(schema))} | ${cell(description ?? '')} |`;
  });
  return ['| Name | Required | Type | Description |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

/** The whole page as Markdown, in the language of `texts`. */
export function operationMarkdown(
  operation: Operation,
  document: ApiDocument,
  origin: string,
  texts: ReferenceLabels,
): string {
  const table = (title: string, rows: readonly FieldRow[]): string[] =>
    rows.length === 0 ? [] : section(title, markdownTable(rows));
  const schema = answerSchema(operation);
  const responses = responseMeanings(operation, texts.success).map(
    ({ status, code, meaning }) => `| ${status} | ${code} | ${meaning} |`,
  );
  return [
    `# ${operation.summary}`,
    `\`${operation.method} ${operation.path}\``,
    needsAuthentication(operation) ? texts.authentication : texts.publicText,
    ...section(texts.whenToUse, operation.description),
    ...section(texts.identifiers, identifierNotes(operation, texts).join('\n\n')),
    ...table(texts.pathParameters, parameterRows(operation, 'path')),
    ...table(texts.queryParameters, parameterRows(operation, 'query')),
    ...table(texts.headerParameters, parameterRows(operation, 'header')),
    ...table(texts.bodyFields, bodyRows(operation, document)),
    ...section(
      texts.requestExample,
      `\`\`\`sh\n${curlOf(exampleRequest(operation, document, origin))}\n\`\`\``,
    ),
    ...(schema === undefined
      ? []
      : section(texts.responseExample, `\`\`\`json\n${pretty(exampleOf(schema, document))}\n\`\`\``)),
    ...table(texts.responseFields, answerRows(operation, document)),
    `## ${texts.responses}`,
    `| ${texts.status} | ${texts.codes} | ${texts.meaning} |\n| --- | --- | --- |\n${responses.join('\n')}`,
  ].join('\n\n');
}
