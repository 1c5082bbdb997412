/** The token of "Try it": kept in this browser tab only, and shared by all pages of the tab. */
import { useSessionStorage } from '@mantine/hooks';
import type { AuthMode } from '../../../../src/documentation/request.ts';

/** As it is: what storage helpers write as JSON would be quoted. */
const asIs = { serialize: (value: string) => value, deserialize: (value: string | undefined) => value ?? '' };

export function useToken() {
  return useSessionStorage({
    key: 'chela.reference.token',
    defaultValue: '',
    getInitialValueInEffect: false,
    ...asIs,
  });
}

export function useAuthMode() {
  return useSessionStorage<AuthMode>({
    key: 'chela.reference.mode',
    defaultValue: 'bearer',
    getInitialValueInEffect: false,
  });
}
