/** The token of "Try it": kept in this browser tab only and shared by its pages. */
import { useSessionStorage } from '@mantine/hooks';
import type { AuthMode } from '../../../../src/documentation/request.ts';

/** Stores the token unquoted; the default serializer writes JSON. */
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
