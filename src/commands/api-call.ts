/** Calls the API of a running platform, for commands. */
import { withoutEnd } from '../text/text-ends.ts';
import { CommandError } from './command-error.ts';
import { configOf } from './settings-options.ts';

export interface ApiFlags {
  readonly url?: string;
  readonly key?: string;
}

/** The envelope of an answer; code 0 is success. */
export interface Answer {
  readonly code: number;
  readonly message: string;
  readonly details?: string[];
  readonly data?: unknown;
}

/** GET without a body, POST with one. @throws CommandError if there is no answer, or not one of Chela */
export type Call = (apiPath: string, body?: FormData | object) => Promise<Answer>;

/** @throws CommandError without an API key */
export function apiCall(flags: ApiFlags): Call {
  const config = configOf({});
  const baseUrl = withoutEnd(flags.url ?? `http://${config.host}:${config.port}`, '/');
  const key = flags.key ?? config.apiKey;
  if (key === '') throw new CommandError('no API key: give --key or set CHELA_API_KEY');

  return async (apiPath, body) => {
    const url = `${baseUrl}/api/v2${apiPath}`;
    const isForm = body instanceof FormData;
    const response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && !isForm && { 'content-type': 'application/json' }),
      },
      body: body === undefined || isForm ? body : JSON.stringify(body),
    }).catch((error: Error) => {
      throw new CommandError(
        `no answer from ${baseUrl}: is Chela running there? Otherwise set --url. (${error.cause instanceof Error ? error.cause.message : error.message})`,
      );
    });
    const text = await response.text();
    try {
      return JSON.parse(text) as Answer;
    } catch {
      throw new CommandError(
        `${baseUrl} answered with status ${response.status} and no JSON: is Chela at this address?`,
      );
    }
  };
}
