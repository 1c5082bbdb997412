/** The account: its API keys and its sessions. */
import { Button, Paper, Stack, Text, Title } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useSession, useSignOut } from '../../api/session.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { ApiKeyList } from './api-key-list.tsx';
import { TimezonePanel } from './timezone-panel.tsx';

function Sessions(): ReactNode {
  const { account: texts } = useTexts();
  const session = useSession();
  const signOut = useSignOut();
  const navigate = useNavigate();
  return (
    <Paper withBorder p="lg" component="section">
      <Stack gap="sm" align="flex-start">
        <Title order={2} size="h4">
          {texts.sessionsTitle}
        </Title>
        <Text size="sm">{texts.sessionsText(session?.account.email ?? '')}</Text>
        <Text size="sm" c="dimmed">
          {texts.signOutEverywhereText}
        </Text>
        {signOut.error !== null && <ErrorNotice error={signOut.error} />}
        <Button
          variant="default"
          loading={signOut.isPending}
          onClick={() =>
            signOut.mutate({ everywhere: true }, { onSuccess: () => void navigate({ to: '/sign-in' }) })
          }
        >
          {texts.signOutEverywhere}
        </Button>
      </Stack>
    </Paper>
  );
}

export function AccountPage(): ReactNode {
  const { account: texts } = useTexts();
  return (
    <div>
      <PageHeader title={texts.title} />
      <Stack gap="lg">
        <ApiKeyList />
        <TimezonePanel />
        <Sessions />
      </Stack>
    </div>
  );
}
