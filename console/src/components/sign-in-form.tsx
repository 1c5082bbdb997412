/** The fields to sign in with. */
import { Button, Stack, TextInput } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useSignIn, type Session } from '../api/session.ts';
import { useTexts } from '../texts/texts.tsx';
import { ErrorNotice } from './error-notice.tsx';
import { PasswordField } from './password-field.tsx';

interface SignInFormProps {
  /** Fills the e-mail address in. */
  readonly email?: string;
  readonly onSignedIn: (session: Session) => void;
}

/** The form is all that its page or dialog is for. */
function focus(field: HTMLInputElement | null): void {
  field?.focus();
}

export function SignInForm({ email: known = '', onSignedIn }: SignInFormProps): ReactNode {
  const { signIn: texts } = useTexts();
  const signIn = useSignIn();
  const [email, setEmail] = useState(known);
  const [password, setPassword] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    // The dialog over a form is within the form, for React.
    event.stopPropagation();
    signIn.mutate({ email, password }, { onSuccess: onSignedIn });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label={texts.email}
          type="email"
          autoComplete="username"
          required
          data-autofocus={known === '' ? true : undefined}
          ref={known === '' ? focus : undefined}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordField
          label={texts.password}
          autoComplete="current-password"
          required
          data-autofocus={known === '' ? undefined : true}
          ref={known === '' ? undefined : focus}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" loading={signIn.isPending} fullWidth>
          {texts.submit}
        </Button>
        {/* Below the fields, so that it does not move them. */}
        {signIn.error !== null && <ErrorNotice error={signIn.error} />}
      </Stack>
    </form>
  );
}
