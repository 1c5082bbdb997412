/** The page of a set-up link: its account's owner chooses e-mail address and password, and is signed in. */
import { Alert, Button, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState, type FormEvent, type ReactNode } from 'react';
import { setupLinkQuery, useSetUp, type OpenSetupLink } from '../../api/getting-in.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { AnchorLink } from '../../components/links.tsx';
import { Moment } from '../../components/moment.tsx';
import { NewPasswordField } from '../../components/new-password-field.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { EntryCard } from './entry-card.tsx';

/** As it is in the URL: the router would read a token of digits as a number. */
function tokenOfPage(): string {
  return new URLSearchParams(location.search).get('token') ?? '';
}

function SetupForm({ token, link }: { readonly token: string; readonly link: OpenSetupLink }): ReactNode {
  const { signIn: texts } = useTexts();
  const navigate = useNavigate();
  const setUp = useSetUp();
  const [email, setEmail] = useState(link.email);
  const [password, setPassword] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    // Without the link in the history.
    setUp.mutate({ token, email, password }, { onSuccess: () => void navigate({ to: '/', replace: true }) });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{texts.purposeText[link.purpose](link.account)}</Text>
        <TextInput
          label={texts.email}
          description={texts.emailHint}
          type="email"
          autoComplete="username"
          required
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <NewPasswordField value={password} onChange={setPassword} />
        <Button type="submit" loading={setUp.isPending} fullWidth>
          {texts.setUp}
        </Button>
        {/* Below the fields, so that it does not move them. */}
        {setUp.error !== null && <ErrorNotice error={setUp.error} />}
        <Text size="xs" c="dimmed" component="div">
          {texts.linkExpires} <Moment seconds={link.expires_at} />
        </Text>
      </Stack>
    </form>
  );
}

export function SetupPage(): ReactNode {
  const { signIn: texts } = useTexts();
  const [token] = useState(tokenOfPage);
  const { data: link, error } = useQuery({ ...setupLinkQuery(token), enabled: token !== '' });
  const purpose = link?.purpose ?? 'set_up';
  const problem = token === '' ? texts.noToken : error?.message;
  return (
    <EntryCard title={texts.purpose[purpose]}>
      {problem !== undefined && (
        <>
          <Alert color="red" variant="light" icon={<IconAlertTriangle />} role="alert" title={problem} />
          <AnchorLink to="/sign-in" size="sm">
            {texts.toSignIn}
          </AnchorLink>
        </>
      )}
      {problem === undefined && link === undefined && <Skeleton h={280} />}
      {link !== undefined && problem === undefined && <SetupForm token={token} link={link} />}
    </EntryCard>
  );
}
