/** Publishing a zip, as a new worker or as a further version of one. */
import { Alert, Button, FileInput, Group, List, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconUpload } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useUpload, type PublishedVersion } from '../../api/workers.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { useTexts } from '../../texts/texts.tsx';

interface UploadProps {
  /** The worker that gets a further version; undefined for a new worker. */
  readonly workerId: string | undefined;
}

function Published({
  published,
  onClose,
}: {
  readonly published: PublishedVersion;
  readonly onClose: () => void;
}): ReactNode {
  const { workers: texts, common } = useTexts();
  return (
    <Stack>
      <Alert color="teal" title={texts.uploaded(published.path, published.version)}>
        {published.warnings.length > 0 && (
          <>
            <Text size="sm">{texts.warnings}</Text>
            <List size="sm">
              {published.warnings.map(({ file, field, message }) => (
                <List.Item key={`${file} ${field} ${message}`}>
                  {[file, field].filter(Boolean).join(' · ')}: {message}
                </List.Item>
              ))}
            </List>
          </>
        )}
      </Alert>
      <Group justify="flex-end">
        <Button onClick={onClose}>{common.close}</Button>
      </Group>
    </Stack>
  );
}

function UploadForm({ workerId, onClose }: UploadProps & { readonly onClose: () => void }): ReactNode {
  const { workers: texts, common } = useTexts();
  const navigate = useNavigate();
  const upload = useUpload(workerId);
  const [file, setFile] = useState<File | null>(null);
  const [title, setTitle] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (file !== null) upload.mutate({ file, title });
  };
  const { data: published } = upload;
  if (published !== undefined) {
    const close = (): void => {
      onClose();
      if (workerId === undefined)
        void navigate({ to: '/workers/$workerId', params: { workerId: published.path } });
    };
    return <Published published={published} onClose={close} />;
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        {upload.error !== null && <ErrorNotice error={upload.error} />}
        {workerId === undefined && (
          <TextInput
            label={texts.titleField}
            description={texts.titleHint}
            required
            maxLength={200}
            data-autofocus
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
          />
        )}
        <FileInput
          label={texts.file}
          placeholder={texts.filePlaceholder}
          accept=".zip,application/zip"
          required
          value={file}
          onChange={setFile}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {common.cancel}
          </Button>
          <Button type="submit" loading={upload.isPending} disabled={file === null}>
            {workerId === undefined ? texts.upload : texts.uploadVersion}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

export function UploadButton({ workerId }: UploadProps): ReactNode {
  const { workers: texts } = useTexts();
  const [isOpen, { open, close }] = useDisclosure();
  const isNew = workerId === undefined;
  return (
    <>
      <Button leftSection={<IconUpload size={16} />} variant={isNew ? 'filled' : 'default'} onClick={open}>
        {isNew ? texts.upload : texts.uploadVersion}
      </Button>
      <Dialog opened={isOpen} onClose={close} title={isNew ? texts.uploadTitle : texts.uploadVersionTitle}>
        <UploadForm workerId={workerId} onClose={close} />
      </Dialog>
    </>
  );
}
