/** What `/metrics` and `/metrics/queue` answer, on whichever port. */
import { timingSafeEqual, createHash } from 'node:crypto';
import type { Metrics } from './metrics.ts';

export interface PageAnswer {
  readonly statusCode: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const json = 'application/json; charset=utf-8';

export const metricsPaths = ['/metrics', '/metrics/queue'] as const;
export type MetricsPath = (typeof metricsPaths)[number];

export function jsonAnswer(statusCode: number, body: unknown): PageAnswer {
  return { statusCode, contentType: json, body: `${JSON.stringify(body)}\n` };
}

/** @param token `''` lets everybody read */
export async function metricsAnswer(
  metrics: Metrics,
  path: MetricsPath,
  { token, authorization }: { readonly token: string; readonly authorization: string | undefined },
): Promise<PageAnswer> {
  if (token !== '' && !isToken(authorization, token)) {
    return {
      ...jsonAnswer(401, { error: 'send CHELA_METRICS_TOKEN as a Bearer credential' }),
      headers: { 'www-authenticate': 'Bearer' },
    };
  }
  if (path === '/metrics') {
    return { statusCode: 200, contentType: metrics.contentType, body: await metrics.exposition() };
  }
  const figures = await metrics.queue();
  if (figures === undefined) return jsonAnswer(503, { error: 'the database does not answer' });
  const { waiting, held, running, oldestWaitSeconds, runners, slots } = figures;
  return jsonAnswer(200, {
    waiting,
    held,
    running,
    oldest_wait_seconds: oldestWaitSeconds,
    runners,
    slots,
  });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Takes the same time for every wrong credential. */
function isToken(authorization: string | undefined, token: string): boolean {
  const [scheme = '', given = ''] = (authorization ?? '').split(' ');
  return scheme.toLowerCase() === 'bearer' && timingSafeEqual(digest(given), digest(token));
}
