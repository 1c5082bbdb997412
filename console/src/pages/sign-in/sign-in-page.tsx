/** Sign-in with e-mail address and password. */
import { Button, Center, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useSignIn } from '../../api/session.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { useTexts } from '../../texts/texts.tsx';

const route = getRouteApi('/sign-in');

/** Only a page of this console: a link from somebody else must not lead to another site after the sign-in. */
function pageAfter(next: string | undefined): string {
  return next?.startsWith('/') && !next.startsWith('//') && !next.includes('\\') ? next : '/';
}

export function SignInPage(): ReactNode {
  const { signIn: texts, common } = useTexts();
  const { next } = route.useSearch();
  const router = useRouter();
  const signIn = useSignIn();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  useDocumentTitle(`${texts.title} · ${common.product}`);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    signIn.mutate({ email, password }, { onSuccess: () => router.history.push(pageAfter(next)) });
  };
  return (
    <Center mih="100vh" p="md" component="main">
      <Paper withBorder shadow="sm" p="xl" w="100%" maw={400}>
        <form onSubmit={submit}>
          <Stack>
            <Title order={1} size="h3">
              {texts.title}
            </Title>
            {signIn.error !== null && <ErrorNotice error={signIn.error} />}
            <TextInput
              label={texts.email}
              type="email"
              autoComplete="username"
              required
              data-autofocus
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
            />
            <PasswordInput
              label={texts.password}
              autoComplete="current-password"
              required
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            <Button type="submit" loading={signIn.isPending} fullWidth>
              {texts.submit}
            </Button>
            <Text size="sm" c="dimmed">
              {texts.firstTime}
            </Text>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}
