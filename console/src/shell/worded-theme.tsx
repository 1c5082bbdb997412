/** The default texts of Mantine's components in the reader's language. */
import { MantineThemeProvider } from '@mantine/core';
import { useMemo, type ReactNode } from 'react';
import { useTexts } from '../texts/texts.tsx';

export function WordedTheme({ children }: { readonly children: ReactNode }): ReactNode {
  const { common } = useTexts();
  const theme = useMemo(
    () => ({
      components: {
        Notification: { defaultProps: { closeButtonProps: { 'aria-label': common.close } } },
      },
    }),
    [common],
  );
  return <MantineThemeProvider theme={theme}>{children}</MantineThemeProvider>;
}
