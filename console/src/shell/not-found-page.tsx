import { Button, Stack, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTexts } from '../texts/texts.tsx';

export function NotFoundPage(): ReactNode {
  const { common } = useTexts();
  return (
    <Stack align="center" ta="center" py="20vh" px="md" gap="sm">
      <Title order={1} size="h2">
        {common.notFoundTitle}
      </Title>
      <Text c="dimmed">{common.notFoundText}</Text>
      <Button component={Link} to="/" variant="light">
        {common.toOverview}
      </Button>
    </Stack>
  );
}
