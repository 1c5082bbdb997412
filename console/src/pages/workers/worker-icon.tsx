/** The icon of a worker, or the first letters of its title. */
import { Avatar } from '@mantine/core';
import type { ReactNode } from 'react';

interface WorkerIconProps {
  /** '' if it has none. */
  readonly url: string;
  readonly title: string;
  /** Size in pixels. */
  readonly size: number;
}

function initials(title: string): string {
  const words = title.split(/\s+/).filter((word) => word !== '');
  return words
    .slice(0, 2)
    .map((word) => String.fromCodePoint(word.codePointAt(0) ?? 0).toUpperCase())
    .join('');
}

export function WorkerIcon({ url, title, size }: WorkerIconProps): ReactNode {
  return (
    <Avatar
      src={url === '' ? null : url}
      alt=""
      size={size}
      radius="md"
      color="gray"
      // The title stands beside it.
      aria-hidden
    >
      {initials(title)}
    </Avatar>
  );
}
