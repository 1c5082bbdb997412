import { Badge } from '@mantine/core';
import type { ReactNode } from 'react';

const colors: Readonly<Record<string, string>> = { GET: 'teal', POST: 'blue', PUT: 'grape', DELETE: 'red' };

export function MethodBadge({
  method,
  size = 'md',
}: {
  readonly method: string;
  readonly size?: string;
}): ReactNode {
  return (
    <Badge color={colors[method] ?? 'gray'} variant="light" radius="sm" size={size} miw={64}>
      {method}
    </Badge>
  );
}
