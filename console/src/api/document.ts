/** The OpenAPI document of this installation. */
import { queryOptions } from '@tanstack/react-query';
import {
  readApiDocument,
  type ApiDocument,
  type ServedDocument,
} from '../../../src/documentation/api-document.ts';

async function readDocument({ signal }: { signal: AbortSignal }): Promise<ApiDocument> {
  const response = await fetch('/openapi.json', { signal, credentials: 'omit' });
  if (!response.ok) throw new Error(`/openapi.json answered ${response.status}`);
  return readApiDocument((await response.json()) as ServedDocument);
}

export const documentQuery = queryOptions({
  queryKey: ['openapi'],
  queryFn: readDocument,
  staleTime: Number.POSITIVE_INFINITY,
});
