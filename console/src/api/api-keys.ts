/** The API keys of the account. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { ApiKey, CreatedApiKey } from '../../../src/answers/credentials.ts';
import type { Paged } from '../../../src/answers/pages.ts';
import { call, segment } from './client.ts';

export type { ApiKey } from '../../../src/answers/credentials.ts';

const path = '/users/account/api-keys';
const apiKeysKey = ['api-keys'] as const;

/** @param page 1-based */
export function apiKeysQuery(page: number) {
  return queryOptions({
    queryKey: [...apiKeysKey, page],
    queryFn: ({ signal }) => call<Paged<ApiKey>>(path, { query: { offset: page, limit: 20 }, signal }),
  });
}

export function useCreateApiKey() {
  const client = useQueryClient();
  return useMutation({
    /** `expires_at` in Unix seconds; 0 for never. */
    mutationFn: (body: { name: string; expires_at: number }) => call<CreatedApiKey>(path, { body }),
    onSuccess: () => client.invalidateQueries({ queryKey: apiKeysKey }),
  });
}

export function useRevokeApiKey() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ slug }: { slug: string }) => call<void>(`${path}/${segment(slug)}`, { method: 'DELETE' }),
    onSuccess: () => client.invalidateQueries({ queryKey: apiKeysKey }),
  });
}
