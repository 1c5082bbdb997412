/** Shows a set-up link once, to be sent to the owner of its account. */
import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { SetupLink } from '../../api/accounts.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { Moment } from '../../components/moment.tsx';
import { useTexts } from '../../texts/texts.tsx';

export function LinkView({
  link,
  onClose,
}: {
  readonly link: SetupLink;
  readonly onClose: () => void;
}): ReactNode {
  const { accounts: texts, common } = useTexts();
  return (
    <Stack>
      <Text size="sm">{texts.linkText(link.account)}</Text>
      <Alert color="teal" title={texts.linkOnce}>
        <Group gap="xs" wrap="nowrap">
          <Code style={{ overflowWrap: 'anywhere' }}>{link.url}</Code>
          <CopyButton text={link.url} />
        </Group>
      </Alert>
      <Text size="xs" c="dimmed" component="div">
        {texts.linkExpires} <Moment seconds={link.expires_at} />
      </Text>
      <Group justify="flex-end">
        <Button onClick={onClose}>{common.close}</Button>
      </Group>
    </Stack>
  );
}
