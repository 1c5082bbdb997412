/** Uploads a zip or a folder, chosen or dropped, and sets the title of a new worker. */
import { Button, FileButton, Group, Paper, Progress, Stack, Text, TextInput } from '@mantine/core';
import { IconFileZip, IconFolder } from '@tabler/icons-react';
import { useRef, useState, type DragEvent, type FormEvent, type ReactNode } from 'react';
import { useUpload } from '../../../api/publishing.ts';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { formatBytes } from '../../../components/figures.ts';
import { useLanguage, useTexts } from '../../../texts/texts.tsx';
import {
  chosenPackage,
  droppedPackage,
  NoPackageError,
  zipOf,
  type PackageSource,
} from './package-source.ts';
import { PublishError } from './publish-error.tsx';
import type { PublishFormProps } from './publish-form.ts';

interface ZipFormProps extends PublishFormProps {
  readonly source: PackageSource | undefined;
}

/** Turns a name into a title: `page-titles` becomes `Page titles`. */
function titleOf(name: string): string {
  const words = name.replaceAll(/[-_.]+/g, ' ').trim();
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

function SourceSummary({ source }: { readonly source: PackageSource }): ReactNode {
  const { workers: texts } = useTexts();
  const { language } = useLanguage();
  const { name, files, zip } = source;
  const bytes = zip?.size ?? files.reduce((sum, { file }) => sum + file.size, 0);
  return (
    <Text size="sm" fw={500}>
      {zip === undefined ? texts.folderOf(name, files.length) : zip.name} · {formatBytes(bytes, language)}
    </Text>
  );
}

export function ZipForm({ workerId, source: given, onClose, onPublished }: ZipFormProps): ReactNode {
  const { workers: texts, common } = useTexts();
  const upload = useUpload(workerId);
  const [source, setSource] = useState(given);
  const [title, setTitle] = useState(titleOf(given?.name ?? ''));
  const [sent, setSent] = useState(0);
  const [problem, setProblem] = useState<Error>();
  const folderInput = useRef<HTMLInputElement>(null);

  const takeFolderInput = (input: HTMLInputElement | null): void => {
    // React's types lack this attribute.
    input?.setAttribute('webkitdirectory', '');
    folderInput.current = input;
  };
  const take = async (read: Promise<PackageSource>): Promise<void> => {
    upload.reset();
    try {
      const found = await read;
      setProblem(undefined);
      setSource(found);
      setTitle((before) => (before.trim() === '' ? titleOf(found.name) : before));
    } catch (error) {
      setProblem(error instanceof NoPackageError ? new Error(texts.noPackage) : (error as Error));
    }
  };
  const choose = (files: readonly File[]): void => {
    if (files.length > 0) void take(chosenPackage(files));
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    event.stopPropagation();
    void take(droppedPackage(event.dataTransfer));
  };
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (source === undefined) return;
    try {
      setSent(0);
      const zip = await zipOf(source);
      // A new version keeps the title of its worker.
      const named = workerId === undefined ? title : '';
      upload.mutate({ zip, title: named, onProgress: setSent }, { onSuccess: onPublished });
    } catch (error) {
      setProblem(error instanceof NoPackageError ? new Error(texts.noPackage) : (error as Error));
    }
  };

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        {upload.error !== null && <PublishError error={upload.error} />}
        {problem !== undefined && <ErrorNotice error={problem} />}
        <Paper withBorder p="lg" ta="center" onDragOver={(event) => event.preventDefault()} onDrop={drop}>
          <Stack align="center" gap="xs">
            {source === undefined ? (
              <Text size="sm">{texts.dropOrChoose}</Text>
            ) : (
              <SourceSummary source={source} />
            )}
            <Group gap="xs" justify="center">
              <FileButton
                accept=".zip,application/zip"
                onChange={(file) => choose(file === null ? [] : [file])}
              >
                {(props) => (
                  <Button {...props} variant="default" size="xs" leftSection={<IconFileZip size={16} />}>
                    {texts.chooseZip}
                  </Button>
                )}
              </FileButton>
              <Button
                variant="default"
                size="xs"
                leftSection={<IconFolder size={16} />}
                onClick={() => folderInput.current?.click()}
              >
                {texts.chooseFolder}
              </Button>
              <input
                ref={takeFolderInput}
                type="file"
                hidden
                aria-label={texts.chooseFolder}
                onChange={({ currentTarget }) => choose([...(currentTarget.files ?? [])])}
              />
            </Group>
            <Text size="xs" c="dimmed">
              {texts.packageHint}
            </Text>
          </Stack>
        </Paper>
        {workerId === undefined && (
          <TextInput
            label={texts.titleField}
            description={texts.titleHint}
            required
            maxLength={200}
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
          />
        )}
        {upload.isPending && (
          <Progress.Root size="lg">
            <Progress.Section value={sent * 100} animated={sent === 1} aria-label={texts.sending} />
          </Progress.Root>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {common.cancel}
          </Button>
          <Button type="submit" loading={upload.isPending} disabled={source === undefined}>
            {workerId === undefined ? texts.upload : texts.uploadVersion}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
