/** A credential that is shown only now, with a button that copies it and one that closes. */
import { Alert, Button, Code, Group, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTexts } from '../texts/texts.tsx';
import { CopyButton } from './copy-button.tsx';

interface ShownOnceProps {
  readonly title: string;
  readonly value: string;
  readonly onClose: () => void;
}

export function ShownOnce({ title, value, onClose }: ShownOnceProps): ReactNode {
  const { common } = useTexts();
  return (
    <Stack>
      <Alert color="teal" title={title}>
        <Group gap="xs" wrap="nowrap">
          <Code style={{ overflowWrap: 'anywhere' }}>{value}</Code>
          <CopyButton text={value} />
        </Group>
      </Alert>
      <Group justify="flex-end">
        <Button onClick={onClose}>{common.close}</Button>
      </Group>
    </Stack>
  );
}
