/** The main navigation. */
import { Divider, NavLink, Stack } from '@mantine/core';
import { Link, useMatchRoute } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTexts } from '../texts/texts.tsx';
import { useVisibleGroups, type PageEntry } from './pages.ts';

function NavigationLink({ entry }: { readonly entry: PageEntry }): ReactNode {
  const texts = useTexts();
  const matchRoute = useMatchRoute();
  const Icon = entry.icon;
  // The reference is below /docs, but has its own entry.
  const isReference = entry.to === '/docs' && matchRoute({ to: '/docs/api', fuzzy: true }) !== false;
  const isHere = !isReference && matchRoute({ to: entry.to, fuzzy: entry.to !== '/' }) !== false;
  return (
    <NavLink
      component={Link}
      to={entry.to}
      // Otherwise the link itself also marks the pages above the current one.
      activeOptions={{ exact: true }}
      label={entry.label(texts)}
      leftSection={<Icon size={18} stroke={1.6} />}
      active={isHere}
      aria-current={isHere ? 'page' : undefined}
      variant="light"
    />
  );
}

export function Navigation(): ReactNode {
  const visible = useVisibleGroups();
  return (
    <Stack gap={2}>
      {visible.map((group, index) => (
        <div key={group[0]?.to}>
          {index > 0 && <Divider my="xs" />}
          {group.map((entry) => (
            <NavigationLink key={entry.to} entry={entry} />
          ))}
        </div>
      ))}
    </Stack>
  );
}
