/** Bulk actions of a list. */
import { Button, FileButton, Group } from '@mantine/core';
import { IconCopyMinus, IconFileImport, IconForms, IconPlus, IconTrash } from '@tabler/icons-react';
import { useRef, type ReactNode } from 'react';
import { useTexts } from '../../../texts/texts.tsx';

interface ListToolbarProps {
  readonly label: string;
  readonly isEmpty: boolean;
  readonly onAdd: () => void;
  readonly onText: () => void;
  readonly onFile: (file: File) => void;
  readonly onDuplicates: () => void;
  readonly onClear: () => void;
}

const look = { size: 'compact-xs', variant: 'subtle', color: 'gray' } as const;

export function ListToolbar(props: ListToolbarProps): ReactNode {
  const { label, isEmpty, onAdd, onText, onFile, onDuplicates, onClear } = props;
  const { inputForm: texts } = useTexts();
  const reset = useRef<() => void>(null);
  const take = (file: File | null): void => {
    // Lets the reader choose the same file again.
    reset.current?.();
    if (file !== null) onFile(file);
  };
  const named = (action: string): string => texts.ofList(action, label);
  return (
    <Group gap={4}>
      <Button {...look} leftSection={<IconPlus size={14} />} aria-label={named(texts.add)} onClick={onAdd}>
        {texts.add}
      </Button>
      <Button
        {...look}
        leftSection={<IconForms size={14} />}
        aria-label={named(texts.asText)}
        onClick={onText}
      >
        {texts.asText}
      </Button>
      <FileButton resetRef={reset} accept=".csv,.tsv,.tab,.txt,text/csv,text/plain" onChange={take}>
        {(button) => (
          <Button
            {...look}
            {...button}
            leftSection={<IconFileImport size={14} />}
            aria-label={named(texts.importFile)}
          >
            {texts.importFile}
          </Button>
        )}
      </FileButton>
      {!isEmpty && (
        <>
          <Button
            {...look}
            leftSection={<IconCopyMinus size={14} />}
            aria-label={named(texts.dropDuplicates)}
            onClick={onDuplicates}
          >
            {texts.dropDuplicates}
          </Button>
          <Button
            {...look}
            leftSection={<IconTrash size={14} />}
            aria-label={named(texts.clear)}
            onClick={onClear}
          >
            {texts.clear}
          </Button>
        </>
      )}
    </Group>
  );
}
