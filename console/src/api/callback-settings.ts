/** The callback URL of the account, and the secret that signs callbacks. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { CallbackSettings, CallbackTest } from '../../../src/answers/callbacks.ts';
import { call } from './client.ts';

const path = '/users/account/callbacks';
const secretPath = '/users/account/callback-secret';
const settingsKey = ['callback-settings'] as const;

export const callbackSettingsQuery = queryOptions({
  queryKey: settingsKey,
  queryFn: ({ signal }) => call<CallbackSettings>(path, { signal }),
});

function useSettingsMutation<Variables, Data>(mutationFn: (variables: Variables) => Promise<Data>) {
  const client = useQueryClient();
  return useMutation({ mutationFn, onSettled: () => client.invalidateQueries({ queryKey: settingsKey }) });
}

/** Sets the URL; `''` removes it. */
export function useSetCallbackUrl() {
  return useSettingsMutation((url: string) =>
    call<void>(path, { method: 'PUT', body: { callback_url: url } }),
  );
}

/** Sends a test to a URL, once. */
export function useTestCallback() {
  return useMutation({
    mutationFn: (url: string) => call<CallbackTest>(`${path}/test`, { body: { callback_url: url } }),
  });
}

/** Creates a secret, which is shown only once. */
export function useRenewSecret() {
  return useSettingsMutation(async () => {
    const { callback_secret: secret } = await call<{ callback_secret: string }>(secretPath, {
      method: 'POST',
    });
    return secret;
  });
}

export function useRemoveSecret() {
  return useSettingsMutation(() => call<void>(secretPath, { method: 'DELETE' }));
}
