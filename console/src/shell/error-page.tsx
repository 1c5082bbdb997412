/** Shown instead of a page that failed to render. */
import { Stack, Title } from '@mantine/core';
import { useRouter, type ErrorComponentProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { ErrorNotice } from '../components/error-notice.tsx';
import { useTexts } from '../texts/texts.tsx';

export function ErrorPage({ error }: ErrorComponentProps): ReactNode {
  const { common } = useTexts();
  const router = useRouter();
  return (
    <Stack py="xl" px="md" maw="40rem" mx="auto">
      <Title order={1} size="h2">
        {common.failed}
      </Title>
      <ErrorNotice error={error as Error} onRetry={() => void router.invalidate()} />
    </Stack>
  );
}
