/** The header `traceparent` of W3C Trace Context. */
import { randomBytes } from 'node:crypto';

export interface SpanPlace {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  readonly isSampled: boolean;
}

const sampledFlag = 1;

/** @returns undefined for anything that is not a traceparent, which counts as none */
export function parseTraceparent(header: unknown): SpanPlace | undefined {
  if (typeof header !== 'string') return undefined;
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/.exec(header);
  const [, version, traceId = '', spanId = '', flags = ''] = match ?? [];
  // Later versions may be longer, the first may not, and the specification excludes version ff and ids of zeros.
  if (version === undefined || version === 'ff' || (version === '00' && header.length !== 55))
    return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & sampledFlag) === sampledFlag };
}

export function formatTraceparent({ traceId, spanId, isSampled }: SpanPlace): string {
  return `00-${traceId}-${spanId}-0${isSampled ? sampledFlag : 0}`;
}

export function newTraceId(): string {
  return randomBytes(16).toString('hex');
}

export function newSpanId(): string {
  return randomBytes(8).toString('hex');
}
