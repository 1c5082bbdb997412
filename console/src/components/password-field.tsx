/** A password with a button that shows it. */
import { PasswordInput, type PasswordInputProps } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { useTexts } from '../texts/texts.tsx';

export function PasswordField(props: PasswordInputProps): ReactNode {
  const { signIn: texts } = useTexts();
  const [isVisible, { toggle }] = useDisclosure();
  return (
    <PasswordInput
      {...props}
      visible={isVisible}
      onVisibilityChange={toggle}
      visibilityToggleButtonProps={{
        'aria-label': isVisible ? texts.hidePassword : texts.showPassword,
        tabIndex: 0,
      }}
    />
  );
}
