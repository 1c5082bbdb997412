/**
 * Covers the page once its session has ended, until somebody signs in again. The page stays as it is beneath, with what was
 * typed into it.
 */
import { Modal, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { sessionEndedQuery, useSession, type Session } from '../api/session.ts';
import { AnchorLink } from '../components/links.tsx';
import { SignInForm } from '../components/sign-in-form.tsx';
import { useTexts } from '../texts/texts.tsx';

export function SessionEnded(): ReactNode {
  const { signIn: texts } = useTexts();
  const { data: hasEnded } = useQuery(sessionEndedQuery);
  const session = useSession();
  const client = useQueryClient();
  const router = useRouter();
  if (!hasEnded || session === undefined) return null;
  const { name, email } = session.account;
  const resume = (next: Session): void => {
    if (next.account.name === name) {
      void client.invalidateQueries();
      return;
    }
    // Nothing of the previous account may stay.
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
    router.history.push('/');
  };
  return (
    <Modal opened centered onClose={() => undefined} withCloseButton={false} title={texts.endedTitle}>
      <Stack>
        <Text size="sm">{texts.endedText}</Text>
        <SignInForm email={email} onSignedIn={resume} />
        <AnchorLink to="/forgot-password" target="_blank" size="sm">
          {texts.forgot}
        </AnchorLink>
      </Stack>
    </Modal>
  );
}
