/** The callback URL of the account, and the secret that signs its callbacks. The secret is shown only when it is created. */
import { Button, Group, Paper, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import {
  callbackSettingsQuery,
  useRemoveSecret,
  useRenewSecret,
  useSetCallbackUrl,
} from '../../api/callback-settings.ts';
import { CallbackUrlForm } from '../../components/callback-url-form.tsx';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { ShownOnce } from '../../components/shown-once.tsx';
import { useTexts } from '../../texts/texts.tsx';

function CreatedSecret({
  secret,
  onClose,
}: {
  readonly secret: string;
  readonly onClose: () => void;
}): ReactNode {
  const { callbacks: texts } = useTexts();
  return (
    <Dialog onClose={onClose} title={texts.secretTitle} closeOnClickOutside={false}>
      <ShownOnce title={texts.secretText} value={secret} onClose={onClose} />
    </Dialog>
  );
}

function Secret({ isSet }: { readonly isSet: boolean }): ReactNode {
  const { callbacks: texts } = useTexts();
  const renew = useRenewSecret();
  const remove = useRemoveSecret();
  const [asked, setAsked] = useState<'renew' | 'remove'>();
  const close = (): void => setAsked(undefined);
  return (
    <Stack gap="xs">
      <Text size="sm">{isSet ? texts.isSet : texts.isNotSet}</Text>
      {renew.error !== null && asked === undefined && <ErrorNotice error={renew.error} />}
      <Group gap="xs">
        <Button
          variant="default"
          loading={renew.isPending}
          onClick={() => (isSet ? setAsked('renew') : renew.mutate(undefined))}
        >
          {isSet ? texts.renew : texts.create}
        </Button>
        <Button variant="subtle" color="red" disabled={!isSet} onClick={() => setAsked('remove')}>
          {texts.remove}
        </Button>
      </Group>
      {asked === 'renew' && (
        <ConfirmDialog
          title={texts.renewTitle}
          text={texts.renewText}
          action={texts.renew}
          change={renew}
          onConfirm={() => renew.mutate(undefined, { onSuccess: close })}
          onClose={close}
        />
      )}
      {asked === 'remove' && (
        <ConfirmDialog
          title={texts.removeTitle}
          text={texts.removeText}
          action={texts.remove}
          change={remove}
          onConfirm={() => remove.mutate(undefined, { onSuccess: close })}
          onClose={close}
        />
      )}
      {renew.data !== undefined && <CreatedSecret secret={renew.data} onClose={renew.reset} />}
    </Stack>
  );
}

export function CallbackPanel(): ReactNode {
  const { callbacks: texts } = useTexts();
  const { data, error, refetch } = useQuery(callbackSettingsQuery);
  const change = useSetCallbackUrl();
  return (
    <Paper withBorder p="lg" component="section">
      <Title order={2} size="h4" mb="xs">
        {texts.title}
      </Title>
      {error !== null && <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton h={240} />}
      {data !== undefined && (
        <Stack maw="36rem">
          <CallbackUrlForm saved={data.callback_url} emptyText={texts.text} change={change} />
          <Secret isSet={data.has_secret} />
        </Stack>
      )}
    </Paper>
  );
}
