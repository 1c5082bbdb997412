/** The way to every part of the console. */
import { Divider, NavLink, Stack } from '@mantine/core';
import {
  IconApi,
  IconBook,
  IconBuildingStore,
  IconKey,
  IconPlayerPlay,
  IconPuzzle,
  IconBookmark,
} from '@tabler/icons-react';
import { Link, useMatchRoute, type LinkProps } from '@tanstack/react-router';
import type { ComponentType, ReactNode } from 'react';
import { useSession } from '../api/session.ts';
import { useTexts, type Texts } from '../texts/texts.tsx';

interface Entry {
  readonly to: LinkProps['to'];
  readonly label: (texts: Texts) => string;
  readonly icon: ComponentType<{ size: number; stroke: number }>;
  /** Shown to those who are signed in only. */
  readonly isPrivate: boolean;
  /** Shown to administrators only. */
  readonly isAdmin?: boolean;
}

/** Groups, with a line between them. */
const groups: readonly (readonly Entry[])[] = [
  [
    { to: '/runs', label: ({ common }) => common.runs, icon: IconPlayerPlay, isPrivate: true },
    { to: '/tasks', label: ({ common }) => common.tasks, icon: IconBookmark, isPrivate: true },
    { to: '/workers', label: ({ common }) => common.workers, icon: IconPuzzle, isPrivate: true },
    { to: '/store', label: ({ common }) => common.store, icon: IconBuildingStore, isPrivate: false },
  ],
  [
    { to: '/account', label: ({ common }) => common.account, icon: IconKey, isPrivate: true },
    { to: '/docs', label: ({ common }) => common.docs, icon: IconBook, isPrivate: false },
    { to: '/docs/api', label: ({ common }) => common.reference, icon: IconApi, isPrivate: false },
  ],
];

function NavigationLink({ entry }: { readonly entry: Entry }): ReactNode {
  const texts = useTexts();
  const matchRoute = useMatchRoute();
  const Icon = entry.icon;
  const isHere = matchRoute({ to: entry.to, fuzzy: entry.to !== '/' }) !== false;
  return (
    <NavLink
      component={Link}
      to={entry.to}
      label={entry.label(texts)}
      leftSection={<Icon size={18} stroke={1.6} />}
      active={isHere}
      aria-current={isHere ? 'page' : undefined}
      variant="light"
    />
  );
}

export function Navigation(): ReactNode {
  const session = useSession();
  const isVisible = ({ isPrivate, isAdmin = false }: Entry): boolean =>
    (!isPrivate || session !== undefined) && (!isAdmin || session?.account.is_admin === true);
  const visible = groups.map((group) => group.filter(isVisible)).filter((group) => group.length > 0);
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
