/** The frame around every page, with the navigation at the side, or behind a button if the window is narrow. */
import { AppShell, Burger, Group, ScrollArea } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { useEffect, type ReactNode } from 'react';
import { useTexts } from '../texts/texts.tsx';
import { AccountMenu } from './account-menu.tsx';
import { Navigation } from './navigation.tsx';
import { PackageDrop } from './package-drop.tsx';
import { PaletteButton } from './palette-button.tsx';
import { SessionEnded } from './session-ended.tsx';
import classes from './shell.module.css';

const contentId = 'content';

export function Shell(): ReactNode {
  const { common } = useTexts();
  const [isOpen, { toggle, close }] = useDisclosure();
  const { pathname } = useLocation();
  useEffect(close, [pathname, close]);
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 224, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      padding={{ base: 'sm', sm: 'lg' }}
    >
      <a className={classes['skip']} href={`#${contentId}`}>
        {common.skipToContent}
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={isOpen}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={isOpen ? common.closeNavigation : common.openNavigation}
            />
            <Link to="/" className={classes['brand']}>
              <img src="/favicon.svg" alt="" width={24} height={24} />
              {common.product}
            </Link>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <PaletteButton />
            <AccountMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar aria-label={common.navigation}>
        <ScrollArea p="xs" type="never">
          <Navigation />
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id={contentId} tabIndex={-1} className={classes['main']}>
        <Outlet />
        <SessionEnded />
        <PackageDrop />
      </AppShell.Main>
    </AppShell>
  );
}
