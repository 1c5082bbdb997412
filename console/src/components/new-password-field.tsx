/** A field for a new password, with the rules of the API. */
import type { ReactNode } from 'react';
import { useTexts } from '../texts/texts.tsx';
import { PasswordField } from './password-field.tsx';

interface NewPasswordFieldProps {
  readonly value: string;
  readonly onChange: (password: string) => void;
}

export function NewPasswordField({ value, onChange }: NewPasswordFieldProps): ReactNode {
  const { signIn: texts } = useTexts();
  return (
    <PasswordField
      label={texts.newPassword}
      description={texts.passwordHint}
      autoComplete="new-password"
      required
      minLength={12}
      maxLength={200}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
