/** The account: what it signs in with, its API keys, its time zone, its callbacks and its sessions. */
import { Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { PageHeader } from '../../components/page-header.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { ApiKeyList } from './api-key-list.tsx';
import { CallbackPanel } from './callback-panel.tsx';
import { SessionList } from './session-list.tsx';
import { SignInSettings } from './sign-in-settings.tsx';
import { TimezonePanel } from './timezone-panel.tsx';

export function AccountPage(): ReactNode {
  const { account: texts } = useTexts();
  return (
    <div>
      <PageHeader title={texts.title} />
      <Stack gap="lg">
        <ApiKeyList />
        <TimezonePanel />
        <CallbackPanel />
        <SignInSettings />
        <SessionList />
      </Stack>
    </div>
  );
}
