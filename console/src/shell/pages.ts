/** The pages in the navigation and the command palette. */
import {
  IconActivityHeartbeat,
  IconApi,
  IconBook,
  IconBookmark,
  IconBuildingStore,
  IconCalendarWeek,
  IconChartBar,
  IconHistory,
  IconKey,
  IconLayoutDashboard,
  IconPlayerPlay,
  IconPuzzle,
  IconStack2,
  IconUsers,
} from '@tabler/icons-react';
import type { LinkProps } from '@tanstack/react-router';
import type { ComponentType } from 'react';
import { useSession } from '../api/session.ts';
import type { Texts } from '../texts/texts.tsx';

export interface PageEntry {
  readonly to: Exclude<LinkProps['to'], undefined>;
  readonly label: (texts: Texts) => string;
  readonly icon: ComponentType<{ size: number; stroke: number }>;
  /** Requires a session. */
  readonly isPrivate: boolean;
  /** Requires an administrator. */
  readonly isAdmin?: boolean;
}

/** Groups, separated by lines. */
const groups: readonly (readonly PageEntry[])[] = [
  [
    { to: '/', label: ({ common }) => common.overview, icon: IconLayoutDashboard, isPrivate: true },
    { to: '/runs', label: ({ common }) => common.runs, icon: IconPlayerPlay, isPrivate: true },
    { to: '/tasks', label: ({ common }) => common.tasks, icon: IconBookmark, isPrivate: true },
    { to: '/schedules', label: ({ common }) => common.schedules, icon: IconCalendarWeek, isPrivate: true },
    { to: '/queue', label: ({ common }) => common.queue, icon: IconStack2, isPrivate: true },
    { to: '/workers', label: ({ common }) => common.workers, icon: IconPuzzle, isPrivate: true },
    { to: '/store', label: ({ common }) => common.store, icon: IconBuildingStore, isPrivate: false },
  ],
  [
    { to: '/usage', label: ({ common }) => common.usage, icon: IconChartBar, isPrivate: true },
    { to: '/account', label: ({ common }) => common.account, icon: IconKey, isPrivate: true },
    { to: '/docs', label: ({ common }) => common.docs, icon: IconBook, isPrivate: false },
    { to: '/docs/api', label: ({ common }) => common.reference, icon: IconApi, isPrivate: false },
    { to: '/audit-log', label: ({ auditLog }) => auditLog.title, icon: IconHistory, isPrivate: true },
    {
      to: '/accounts',
      label: ({ common }) => common.accounts,
      icon: IconUsers,
      isPrivate: true,
      isAdmin: true,
    },
    {
      to: '/system',
      label: ({ common }) => common.system,
      icon: IconActivityHeartbeat,
      isPrivate: true,
      isAdmin: true,
    },
  ],
];

/** The groups of pages that the reader may see. */
export function useVisibleGroups(): readonly (readonly PageEntry[])[] {
  const session = useSession();
  const isVisible = ({ isPrivate, isAdmin = false }: PageEntry): boolean =>
    (!isPrivate || session !== undefined) && (!isAdmin || session?.account.is_admin === true);
  return groups.map((group) => group.filter(isVisible)).filter((group) => group.length > 0);
}

export function useVisiblePages(): readonly PageEntry[] {
  return useVisibleGroups().flat();
}
