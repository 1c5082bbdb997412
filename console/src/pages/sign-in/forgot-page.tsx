/** For people who forgot their password: sends a link by mail if the installation can, and names the other ways. */
import { Alert, Button, Code, List, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { IconMail } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactNode } from 'react';
import { recoveryQuery, useRequestRecovery } from '../../api/getting-in.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { AnchorLink } from '../../components/links.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { EntryCard } from './entry-card.tsx';

function MailForm(): ReactNode {
  const { signIn: texts } = useTexts();
  const request = useRequestRecovery();
  const [email, setEmail] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    request.mutate({ email });
  };
  if (request.isSuccess) {
    return (
      <Alert color="teal" icon={<IconMail />} role="alert" title={texts.mailSent}>
        {texts.mailSentText}
      </Alert>
    );
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{texts.byMail}</Text>
        <TextInput
          label={texts.email}
          type="email"
          autoComplete="username"
          required
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <Button type="submit" loading={request.isPending} fullWidth>
          {texts.sendLink}
        </Button>
        {request.error !== null && <ErrorNotice error={request.error} />}
      </Stack>
    </form>
  );
}

export function ForgotPage(): ReactNode {
  const { signIn: texts } = useTexts();
  const { data: ways, error } = useQuery(recoveryQuery);
  return (
    <EntryCard title={texts.forgotTitle}>
      {error !== null && <ErrorNotice error={error} />}
      {ways === undefined && error === null && <Skeleton h={160} />}
      {ways?.by_mail === true && <MailForm />}
      {ways !== undefined && (
        <>
          <Text size="sm">{ways.by_mail ? texts.otherWays : texts.waysWithoutMail}</Text>
          <List size="sm" spacing="xs">
            <List.Item>{texts.askAdministrator}</List.Item>
            <List.Item>
              {texts.onServer} <Code>chela set-up-link admin</Code>
            </List.Item>
          </List>
        </>
      )}
      <AnchorLink to="/sign-in" size="sm">
        {texts.toSignIn}
      </AnchorLink>
    </EntryCard>
  );
}
