/** Sign-in with e-mail address and password. */
import { Text } from '@mantine/core';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { rememberedEmail } from '../../api/remembered-email.ts';
import { AnchorLink } from '../../components/links.tsx';
import { SignInForm } from '../../components/sign-in-form.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { EntryCard } from './entry-card.tsx';

const route = getRouteApi('/sign-in');

/** Only a page of this console: a link from somebody else must not lead to another site after the sign-in. */
function pageAfter(next: string | undefined): string {
  return next?.startsWith('/') && !next.startsWith('//') && !next.includes('\\') ? next : '/';
}

export function SignInPage(): ReactNode {
  const { signIn: texts } = useTexts();
  const { next } = route.useSearch();
  const router = useRouter();
  return (
    <EntryCard title={texts.title}>
      <SignInForm email={rememberedEmail()} onSignedIn={() => router.history.push(pageAfter(next))} />
      <AnchorLink to="/forgot-password" size="sm">
        {texts.forgot}
      </AnchorLink>
      <Text size="sm" c="dimmed">
        {texts.firstTime}
      </Text>
    </EntryCard>
  );
}
