/** A worker's title as a link to its page, or a note that it was deleted. */
import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTexts } from '../texts/texts.tsx';
import { AnchorLink } from './links.tsx';

export function WorkerName({ path, title }: { readonly path: string; readonly title: string }): ReactNode {
  const { overview: texts } = useTexts();
  if (path === '') {
    return (
      <Text size="sm" c="dimmed" span>
        {texts.deletedWorker}
      </Text>
    );
  }
  return (
    <AnchorLink to="/workers/$workerId" params={{ workerId: path }} size="sm">
      {title}
    </AnchorLink>
  );
}
