/** Conditions of a change, from the headers If-Match and If-None-Match. A value's ETag is its version in quotes. */
import { ChelaError, invalidArgument } from '../errors.ts';

export type Condition =
  /** The key has no value. */
  | { readonly kind: 'absent' }
  /** The key has a value. */
  | { readonly kind: 'present' }
  /** The value has one of these ETags. */
  | { readonly kind: 'version'; readonly etags: readonly string[] };

export function etagOf({ version }: { readonly version: number }): string {
  return `"${version}"`;
}

/**
 * @returns undefined if the change has no condition
 * @throws ChelaError for conditions that are not supported
 */
export function conditionOf(headers: {
  readonly 'if-match'?: string | undefined;
  readonly 'if-none-match'?: string | undefined;
}): Condition | undefined {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  if (noneMatch !== undefined) {
    if (match !== undefined || noneMatch.trim() !== '*')
      throw invalidArgument('If-None-Match supports only *, and not together with If-Match');
    return { kind: 'absent' };
  }
  if (match === undefined) return undefined;
  if (match.trim() === '*') return { kind: 'present' };
  return { kind: 'version', etags: match.split(',').map((etag) => etag.trim()) };
}

/** @param version of the current value; undefined if the key has none @throws ChelaError PRECONDITION_FAILED */
export function checkCondition(
  condition: Condition | undefined,
  key: string,
  version: number | undefined,
): void {
  if (condition === undefined) return;
  if (condition.kind === 'absent') {
    if (version === undefined) return;
    throw new ChelaError('PRECONDITION_FAILED', `the key ${key} already has a value, of version ${version}`);
  }
  if (version === undefined) throw new ChelaError('PRECONDITION_FAILED', `the key ${key} has no value`);
  if (condition.kind === 'present' || condition.etags.includes(etagOf({ version }))) return;
  throw new ChelaError(
    'PRECONDITION_FAILED',
    `the key ${key} has version ${version}, not ${condition.etags.join(' or ')}: read it again`,
  );
}
