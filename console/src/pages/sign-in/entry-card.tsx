/** The frame of the pages that lead into an account: a card whose top keeps its place when it grows. */
import { Center, Paper, Stack, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { useTexts } from '../../texts/texts.tsx';

export function EntryCard({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ReactNode;
}): ReactNode {
  const { common } = useTexts();
  useDocumentTitle(`${title} · ${common.product}`);
  return (
    <Center
      mih="100vh"
      p="md"
      pt={{ base: 'md', sm: '15vh' }}
      style={{ alignItems: 'flex-start' }}
      component="main"
    >
      <Paper withBorder shadow="sm" p="xl" w="100%" maw={420}>
        <Stack>
          <Title order={1} size="h3">
            {title}
          </Title>
          {children}
        </Stack>
      </Paper>
    </Center>
  );
}
