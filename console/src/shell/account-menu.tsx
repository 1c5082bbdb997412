/** Language, color scheme and account, at the top right. */
import { ActionIcon, Button, Group, Menu, useMantineColorScheme } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import {
  IconCheck,
  IconDeviceDesktop,
  IconLanguage,
  IconLogout,
  IconMoon,
  IconSun,
  IconUserCircle,
} from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useSession, useSignOut } from '../api/session.ts';
import { languageNotes, languages, useLanguage, useTexts, type Language } from '../texts/texts.tsx';

const schemes = [
  { value: 'light', icon: IconSun },
  { value: 'dark', icon: IconMoon },
  { value: 'auto', icon: IconDeviceDesktop },
] as const;

function LanguageMenu(): ReactNode {
  const { common } = useTexts();
  const { language, choose } = useLanguage();
  const [noted, setNoted] = useLocalStorage<readonly Language[]>({
    key: 'chela.language-notes',
    defaultValue: [],
    getInitialValueInEffect: false,
  });
  const change = (next: Language): void => {
    choose(next);
    const note = languageNotes[next];
    if (note === undefined || noted.includes(next)) return;
    setNoted([...noted, next]);
    notifications.show({ message: <span lang={next}>{note}</span>, autoClose: false });
  };
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={common.language}>
          <IconLanguage size={20} stroke={1.6} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {Object.entries(languages).map(([key, name]) => (
          <Menu.Item
            key={key}
            lang={key}
            onClick={() => change(key as Language)}
            rightSection={key === language && <IconCheck size={16} />}
          >
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function ColorSchemeMenu(): ReactNode {
  const { common } = useTexts();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Icon = schemes.find(({ value }) => value === colorScheme)?.icon ?? IconDeviceDesktop;
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={common.colorScheme}>
          <Icon size={20} stroke={1.6} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {schemes.map(({ value, icon: SchemeIcon }) => (
          <Menu.Item
            key={value}
            leftSection={<SchemeIcon size={16} />}
            onClick={() => setColorScheme(value)}
            rightSection={value === colorScheme && <IconCheck size={16} />}
          >
            {common[value]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function SignedInMenu({ name, email }: { readonly name: string; readonly email: string }): ReactNode {
  const { common } = useTexts();
  const signOut = useSignOut();
  const navigate = useNavigate();
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={common.account}>
          <IconUserCircle size={22} stroke={1.6} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{email === '' ? name : `${name} · ${email}`}</Menu.Label>
        <Menu.Item component={Link} to="/account">
          {common.account}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconLogout size={16} />}
          onClick={() =>
            signOut.mutate({ everywhere: false }, { onSuccess: () => void navigate({ to: '/sign-in' }) })
          }
        >
          {common.signOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

export function AccountMenu(): ReactNode {
  const { common } = useTexts();
  const session = useSession();
  return (
    <Group gap={4} wrap="nowrap">
      <LanguageMenu />
      <ColorSchemeMenu />
      {session === undefined ? (
        <Button component={Link} to="/sign-in" variant="light" size="compact-md">
          {common.signIn}
        </Button>
      ) : (
        <SignedInMenu name={session.account.name} email={session.account.email} />
      )}
    </Group>
  );
}
