/** The file that is open in the editor, with the buttons to rename and delete it. */
import { Alert, Button, Group, Skeleton, Stack, Text } from '@mantine/core';
import { IconPencil, IconTrash } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { Code } from '../../../components/code/code.tsx';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { useTexts } from '../../../texts/texts.tsx';
import classes from './editor.module.css';
import { NameDialog } from './name-dialog.tsx';
import type { EditedFiles } from './use-edited-files.ts';
import type { BaseText } from './use-base-text.ts';

interface OpenFileProps {
  readonly path: string;
  readonly files: EditedFiles;
  /** The text of the file in the base. */
  readonly base: BaseText;
  /** Called with the path of the file to open instead; undefined after a deletion. */
  readonly onOpen: (path: string | undefined) => void;
}

function FileContent({ path, files, base }: Omit<OpenFileProps, 'onOpen'>): ReactNode {
  const { editor: texts, files: fileTexts } = useTexts();
  const edited = files.texts[path];
  if (edited === undefined && base.error !== null) return <ErrorNotice error={base.error} />;
  if (edited === undefined && base.isLoading) return <Skeleton h="100%" />;
  if (edited === undefined && base.text === undefined) return <Alert color="gray">{texts.keptAsIs}</Alert>;
  return (
    <Code
      file={path}
      value={edited ?? base.text ?? ''}
      label={fileTexts.contentOf(path)}
      onChange={(text) => files.change(path, text, base.text)}
    />
  );
}

export function OpenFile({ path, files, base, onOpen }: OpenFileProps): ReactNode {
  const { editor: texts } = useTexts();
  const [isNaming, setIsNaming] = useState(false);
  const text = files.texts[path] ?? base.text;
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="xs">
        <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
          {path}
        </Text>
        <Group gap={4}>
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            leftSection={<IconPencil size={14} />}
            disabled={base.isLoading}
            onClick={() => setIsNaming(true)}
          >
            {texts.rename}
          </Button>
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            leftSection={<IconTrash size={14} />}
            onClick={() => {
              files.remove(path);
              onOpen(undefined);
            }}
          >
            {texts.remove}
          </Button>
        </Group>
      </Group>
      <div className={classes['code']}>
        <FileContent path={path} files={files} base={base} />
      </div>
      <Text size="xs" c="dimmed">
        {texts.keysHint}
      </Text>
      {isNaming && (
        <NameDialog
          title={texts.renameTitle(path)}
          action={texts.rename}
          name={path}
          others={files.paths.filter((other) => other !== path)}
          onName={(next) => {
            setIsNaming(false);
            if (next === path) return;
            files.rename(path, next, text);
            onOpen(next);
          }}
          onClose={() => setIsNaming(false)}
        />
      )}
    </Stack>
  );
}
