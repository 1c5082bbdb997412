/** Chooses the columns of a table; remembered per worker in this browser. */
import { Button, Checkbox, Popover, ScrollArea, Stack } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { IconColumns } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { ResultHeader } from '../../../api/run-results.ts';
import { useTexts } from '../../../texts/texts.tsx';

/** Keys of the hidden columns, and a function that sets them. */
export function useHiddenColumns(workerSlug: string): [readonly string[], (keys: readonly string[]) => void] {
  const [hidden, setHidden] = useLocalStorage<readonly string[]>({
    key: `chela.hidden-columns.${workerSlug}`,
    defaultValue: [],
    getInitialValueInEffect: false,
  });
  // The stored value is untrusted.
  return [Array.isArray(hidden) ? hidden : [], setHidden];
}

interface ColumnChooserProps {
  readonly headers: readonly ResultHeader[];
  readonly hidden: readonly string[];
  readonly onChange: (hidden: readonly string[]) => void;
}

export function ColumnChooser({ headers, hidden, onChange }: ColumnChooserProps): ReactNode {
  const { run: texts } = useTexts();
  return (
    <Popover position="bottom-end" shadow="md" withinPortal trapFocus returnFocus>
      <Popover.Target>
        <Button variant="default" leftSection={<IconColumns size={16} />}>
          {texts.columns}
          {hidden.length > 0 && ` (${headers.filter(({ key }) => !hidden.includes(key)).length})`}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          <ScrollArea.Autosize mah={360} maw={280} viewportProps={{ tabIndex: -1 }}>
            <Checkbox.Group
              aria-label={texts.columns}
              value={headers.map(({ key }) => key).filter((key) => !hidden.includes(key))}
              onChange={(shown) =>
                onChange(headers.map(({ key }) => key).filter((key) => !shown.includes(key)))
              }
            >
              <Stack gap={6} p={4}>
                {headers.map(({ key, label }) => (
                  <Checkbox key={key} size="sm" value={key} label={label || key} />
                ))}
              </Stack>
            </Checkbox.Group>
          </ScrollArea.Autosize>
          <Button
            size="compact-sm"
            variant="subtle"
            disabled={hidden.length === 0}
            onClick={() => onChange([])}
          >
            {texts.allColumns}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
