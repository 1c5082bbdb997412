/** Opens the command palette, by a button or Ctrl+K. The palette is loaded when it is first opened. */
import { ActionIcon, Button, Kbd } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useState, type ComponentType, type ReactNode } from 'react';
import { useSession } from '../api/session.ts';
import { useTexts } from '../texts/texts.tsx';

export function PaletteButton(): ReactNode {
  const { palette: texts } = useTexts();
  const session = useSession();
  const [Palette, setPalette] = useState<ComponentType>();
  const load = async (): Promise<void> => {
    const { CommandPalette, openPalette } = await import('./command-palette.tsx');
    setPalette(() => CommandPalette);
    openPalette();
  };
  const open = (): void => void load();
  // Works in fields too.
  useHotkeys([['mod+K', open]], []);
  if (session === undefined) return null;
  return (
    <>
      <Button
        visibleFrom="sm"
        variant="default"
        size="xs"
        c="dimmed"
        fw={400}
        leftSection={<IconSearch size={14} />}
        rightSection={<Kbd size="xs">Ctrl K</Kbd>}
        aria-keyshortcuts="Control+K"
        onClick={open}
      >
        {texts.open}
      </Button>
      <ActionIcon
        hiddenFrom="sm"
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={texts.open}
        onClick={open}
      >
        <IconSearch size={20} stroke={1.6} />
      </ActionIcon>
      {Palette !== undefined && <Palette />}
    </>
  );
}
