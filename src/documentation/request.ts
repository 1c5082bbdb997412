/** The request in the API reference's form: what is missing, how it is sent, and the code for other programs. */
import type { Operation, Parameter } from './api-document.ts';

export const authModes = ['bearer', 'api-key', 'query'] as const;
export type AuthMode = (typeof authModes)[number];

export interface RequestParts {
  readonly mode: AuthMode;
  readonly token: string;
  /** Texts by parameter name; '' omits the parameter. */
  readonly values: Readonly<Record<string, string>>;
  /** JSON; '' for no body. */
  readonly body: string;
}

export interface PreparedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Converts a pasted worker path, `owner/name` or `owner%2Fname`, to the API's form. */
export function pathValue(text: string): string {
  return encodeURIComponent(text.trim().replace(/%2f|\//gi, '~')).replaceAll('%7E', '~');
}

/** Names of path parameters without a value. */
export function missingParameters(
  operation: Operation,
  values: Readonly<Record<string, string>>,
): readonly Parameter[] {
  return operation.parameters.filter((parameter) => {
    const isNeeded = parameter.in === 'path' || parameter.required === true;
    return isNeeded && (values[parameter.name] ?? '').trim() === '';
  });
}

/** Whether the operation requires a credential. */
export function needsAuthentication(operation: Operation): boolean {
  return operation.security.length > 0;
}

/** @param origin scheme and host of the server */
export function prepareRequest(operation: Operation, origin: string, parts: RequestParts): PreparedRequest {
  const { mode, token, values, body } = parts;
  const valueOf = (name: string): string => (values[name] ?? '').trim();
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_match, name: string) => pathValue(valueOf(name)));
  const query = new URLSearchParams(
    operation.parameters
      .filter((parameter) => parameter.in === 'query' && valueOf(parameter.name) !== '')
      .map((parameter): [string, string] => [parameter.name, valueOf(parameter.name)]),
  );
  const headers: Record<string, string> = {};
  for (const { name, in: place } of operation.parameters) {
    if (place === 'header' && valueOf(name) !== '') headers[name] = valueOf(name);
  }
  if (needsAuthentication(operation) && token !== '') {
    if (mode === 'bearer') headers['Authorization'] = `Bearer ${token}`;
    else if (mode === 'api-key') headers['api-key'] = token;
    else query.set('token', token);
  }
  const hasBody = body.trim() !== '';
  if (hasBody) headers['Content-Type'] = 'application/json';
  const search = query.toString();
  return {
    method: operation.method,
    url: `${origin}${path}${search === '' ? '' : `?${search}`}`,
    headers,
    body: hasBody ? body : undefined,
  };
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The request as a curl command, with every argument quoted. */
export function curlOf({ method, url, headers, body }: PreparedRequest): string {
  const parts = [
    `curl -X ${method} ${quoted(url)}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`-d ${quoted(body)}`]),
  ];
  return parts.join(' \\\n  ');
}

/** The request as JavaScript for browsers and Node. */
export function javascriptOf({ method, url, headers, body }: PreparedRequest): string {
  const options = [
    `  method: '${method}',`,
    `  headers: ${JSON.stringify(headers, undefined, 2).replaceAll('\n', '\n  ')},`,
    ...(body === undefined ? [] : [`  body: JSON.stringify(${body.trim().replaceAll('\n', '\n  ')}),`]),
  ];
  return [
    `const response = await fetch(${JSON.stringify(url)}, {`,
    ...options,
    '});',
    'const { code, message, data } = await response.json();',
    'if (code !== 0) throw new Error(message);',
    'console.log(data);',
  ].join('\n');
}

const pythonWords: Readonly<Record<string, string>> = { true: 'True', false: 'False', null: 'None' };

/** Converts JSON to a Python literal. */
function pythonLiteral(json: string): string {
  try {
    const text = JSON.stringify(JSON.parse(json), undefined, 4);
    // Literals are followed by a comma or the end of the line; a string would have its closing quote there.
    return text.replaceAll(/(?:true|false|null)(?=,?(?:\n|$))/g, (word) => pythonWords[word] ?? word);
  } catch {
    return json;
  }
}

/** The request in Python, using the requests library. */
export function pythonOf({ method, url, headers, body }: PreparedRequest): string {
  return [
    'import requests',
    '',
    'response = requests.request(',
    `    ${JSON.stringify(method)},`,
    `    ${JSON.stringify(url)},`,
    `    headers=${pythonLiteral(JSON.stringify(headers)).replaceAll('\n', '\n    ')},`,
    ...(body === undefined ? [] : [`    json=${pythonLiteral(body).replaceAll('\n', '\n    ')},`]),
    ')',
    'answer = response.json()',
    'if answer["code"] != 0:',
    '    raise RuntimeError(answer["message"])',
    'print(answer.get("data"))',
  ].join('\n');
}
