/** What the account signs in with: changes of e-mail address and password. */
import { Button, Group, Paper, Stack, Text, TextInput, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useChangeEmail, useChangePassword } from '../../api/getting-in.ts';
import { useSession } from '../../api/session.ts';
import { Dialog } from '../../components/dialog.tsx';
import { DialogButtons } from '../../components/dialog-buttons.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { NewPasswordField } from '../../components/new-password-field.tsx';
import { PasswordField } from '../../components/password-field.tsx';
import { useTexts } from '../../texts/texts.tsx';

interface ChangeFormProps {
  readonly error: Error | null;
  readonly isPending: boolean;
  readonly onClose: () => void;
  readonly onSubmit: (currentPassword: string) => void;
  readonly children: ReactNode;
}

/** A change that asks for the current password. */
function ChangeForm({ error, isPending, onClose, onSubmit, children }: ChangeFormProps): ReactNode {
  const { account: texts } = useTexts();
  const [current, setCurrent] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSubmit(current);
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        {error !== null && <ErrorNotice error={error} />}
        <PasswordField
          label={texts.currentPassword}
          autoComplete="current-password"
          required
          data-autofocus
          value={current}
          onChange={(event) => setCurrent(event.currentTarget.value)}
        />
        {children}
        <DialogButtons isPending={isPending} onCancel={onClose} />
      </Stack>
    </form>
  );
}

function PasswordDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { account: texts } = useTexts();
  const change = useChangePassword();
  const [password, setPassword] = useState('');
  const onSuccess = (): void => {
    onClose();
    notifications.show({ color: 'teal', message: texts.passwordChanged });
  };
  return (
    <Dialog onClose={onClose} title={texts.changePassword}>
      <ChangeForm
        error={change.error}
        isPending={change.isPending}
        onClose={onClose}
        onSubmit={(current) => change.mutate({ current_password: current, password }, { onSuccess })}
      >
        <NewPasswordField value={password} onChange={setPassword} />
        <Text size="xs" c="dimmed">
          {texts.changePasswordText}
        </Text>
      </ChangeForm>
    </Dialog>
  );
}

function EmailDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { account: texts, signIn } = useTexts();
  const change = useChangeEmail();
  const [email, setEmail] = useState('');
  const onSuccess = (): void => {
    onClose();
    notifications.show({ color: 'teal', message: texts.emailChanged(email.trim()) });
  };
  return (
    <Dialog onClose={onClose} title={texts.changeEmail}>
      <ChangeForm
        error={change.error}
        isPending={change.isPending}
        onClose={onClose}
        onSubmit={(current) => change.mutate({ current_password: current, email }, { onSuccess })}
      >
        <TextInput
          label={texts.newEmail}
          description={signIn.emailHint}
          type="email"
          autoComplete="email"
          required
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
      </ChangeForm>
    </Dialog>
  );
}

export function SignInSettings(): ReactNode {
  const { account: texts } = useTexts();
  const session = useSession();
  const [isChangingEmail, email] = useDisclosure();
  const [isChangingPassword, password] = useDisclosure();
  return (
    <Paper withBorder p="lg" component="section">
      <Stack gap="sm" align="flex-start">
        <Title order={2} size="h4">
          {texts.signInTitle}
        </Title>
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {texts.sessionsText(session?.account.email ?? '')}
        </Text>
        <Group gap="xs">
          <Button variant="default" onClick={password.open}>
            {texts.changePassword}
          </Button>
          <Button variant="default" onClick={email.open}>
            {texts.changeEmail}
          </Button>
        </Group>
      </Stack>
      {isChangingPassword && <PasswordDialog onClose={password.close} />}
      {isChangingEmail && <EmailDialog onClose={email.close} />}
    </Paper>
  );
}
