/** How "Try it" authenticates: mode and token, and for members who are signed in a short-lived API key. */
import { Button, PasswordInput, Select, Stack, Text, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { useCreateApiKey } from '../../api/api-keys.ts';
import { useSession } from '../../api/session.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { authModes, type AuthMode } from '../../../../src/documentation/request.ts';

const keyLifetimeSeconds = 3600;

interface AuthenticationFieldsProps {
  readonly mode: AuthMode;
  readonly onMode: (mode: AuthMode) => void;
  readonly token: string;
  readonly onToken: (token: string) => void;
}

function KeyButton({ onToken }: { readonly onToken: (token: string) => void }): ReactNode {
  const { reference: texts } = useTexts();
  const create = useCreateApiKey();
  const make = (): void => {
    const expiresAt = Math.floor(Date.now() / 1000) + keyLifetimeSeconds;
    create.mutate(
      { name: texts.tryItKeyName, expires_at: expiresAt },
      { onSuccess: ({ key }) => onToken(key) },
    );
  };
  return (
    <>
      {create.error !== null && <ErrorNotice error={create.error} />}
      <Tooltip label={texts.makeKeyHint}>
        <Button
          variant="light"
          size="xs"
          onClick={make}
          loading={create.isPending}
          style={{ alignSelf: 'flex-start' }}
        >
          {texts.makeKey}
        </Button>
      </Tooltip>
    </>
  );
}

export function AuthenticationFields({ mode, onMode, token, onToken }: AuthenticationFieldsProps): ReactNode {
  const { reference: texts } = useTexts();
  const session = useSession();
  return (
    <Stack gap="xs">
      <Select
        label={texts.mode}
        data={authModes.map((value) => ({ value, label: texts.modes[value] }))}
        value={mode}
        allowDeselect={false}
        onChange={(value) => {
          if (value !== null) onMode(value);
        }}
      />
      <PasswordInput
        label={texts.token}
        value={token}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => onToken(event.currentTarget.value)}
      />
      <Text size="xs" c="dimmed">
        {texts.tokenNote(location.origin)}
      </Text>
      {session !== undefined && token === '' && <KeyButton onToken={onToken} />}
    </Stack>
  );
}
