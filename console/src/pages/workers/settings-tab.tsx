/** The settings of an own worker: description, visibility, network access, deletion. */
import {
  Button,
  FileButton,
  Group,
  Paper,
  Select,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
  Title,
} from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useNavigate } from '@tanstack/react-router';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useChangeWorker, useDeleteWorker, type WorkerDescription } from '../../api/workers.ts';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { categoryChoices } from './categories.ts';
import { NetworkSection } from './network-section.tsx';
import { WorkerIcon } from './worker-icon.tsx';

interface SettingsProps {
  readonly workerId: string;
  readonly about: WorkerDescription;
}

const iconTypes = 'image/png,image/jpeg,image/gif,image/webp';
const iconBytes = 256 * 1024;

async function dataUrlOf(file: File): Promise<string> {
  const reader = new FileReader();
  const loaded = new Promise<void>((resolve, reject) => {
    reader.addEventListener('load', () => resolve());
    reader.addEventListener('error', () => reject(new Error(reader.error?.message)));
  });
  reader.readAsDataURL(file);
  await loaded;
  return typeof reader.result === 'string' ? reader.result : '';
}

function IconField({
  title,
  url,
  onChange,
}: {
  readonly title: string;
  readonly url: string;
  readonly onChange: (url: string) => void;
}): ReactNode {
  const { workerSettings: texts } = useTexts();
  const [problem, setProblem] = useState('');
  const take = async (file: File | null): Promise<void> => {
    if (file === null) return;
    const isLarge = file.size > iconBytes;
    setProblem(isLarge ? texts.iconTooLarge : '');
    if (!isLarge) onChange(await dataUrlOf(file));
  };
  return (
    <Group>
      <WorkerIcon url={url} title={title} size={56} />
      <Stack gap={4}>
        <Group gap="xs">
          <FileButton accept={iconTypes} onChange={(file) => void take(file)}>
            {(props) => (
              <Button {...props} size="xs" variant="default">
                {texts.chooseIcon}
              </Button>
            )}
          </FileButton>
          {url !== '' && (
            <Button size="xs" variant="subtle" color="gray" onClick={() => onChange('')}>
              {texts.removeIcon}
            </Button>
          )}
        </Group>
        <Text size="xs" c={problem === '' ? 'dimmed' : 'var(--mantine-color-error)'} component="output">
          {problem === '' ? texts.iconHint : problem}
        </Text>
      </Stack>
    </Group>
  );
}

function DescriptionForm({ workerId, about }: SettingsProps): ReactNode {
  const { workerSettings: texts, workers, common } = useTexts();
  const change = useChangeWorker(workerId);
  const [title, setTitle] = useState(about.title);
  const [description, setDescription] = useState(about.description);
  const [category, setCategory] = useState(about.categories);
  const [isPublic, setIsPublic] = useState(about.is_public);
  /** Undefined if unchanged. */
  const [icon, setIcon] = useState<string>();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const changes = {
      title: title.trim(),
      description,
      categories: category,
      is_public: isPublic,
      ...(icon !== undefined && { icon }),
    };
    change.mutate(changes, {
      onSuccess: () => {
        setIcon(undefined);
        notifications.show({ color: 'teal', message: texts.saved });
      },
    });
  };
  return (
    <form onSubmit={submit}>
      <Paper withBorder p="lg">
        <Stack>
          {change.error !== null && <ErrorNotice error={change.error} />}
          <IconField title={title} url={icon ?? about.icon_url} onChange={setIcon} />
          <TextInput
            label={workers.titleField}
            required
            maxLength={200}
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
          />
          <Textarea
            label={texts.description}
            description={texts.descriptionHint}
            autosize
            minRows={3}
            maxRows={12}
            maxLength={5000}
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
          <Select
            label={workers.category}
            placeholder={texts.noCategory}
            data={categoryChoices(category, workers)}
            value={category === 0 ? null : String(category)}
            searchable
            clearable
            onChange={(next) => setCategory(Number(next ?? 0))}
          />
          <Switch
            label={texts.public}
            description={texts.publicHint}
            checked={isPublic}
            onChange={(event) => setIsPublic(event.currentTarget.checked)}
          />
          <Group justify="flex-end">
            <Button type="submit" loading={change.isPending} disabled={title.trim() === ''}>
              {common.save}
            </Button>
          </Group>
        </Stack>
      </Paper>
    </form>
  );
}

function DeleteSection({ workerId, about }: SettingsProps): ReactNode {
  const { workerSettings: texts, common } = useTexts();
  const navigate = useNavigate();
  const remove = useDeleteWorker(workerId);
  const [isOpen, setIsOpen] = useState(false);
  const [typed, setTyped] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    remove.mutate(undefined, {
      onSuccess: () => {
        notifications.show({ color: 'teal', message: texts.deleted(about.path) });
        void navigate({ to: '/workers' });
      },
    });
  };
  return (
    <Paper withBorder p="lg">
      <Group justify="space-between">
        <div>
          <Title order={2} size="h5">
            {texts.deleteTitle}
          </Title>
          <Text size="sm" c="dimmed">
            {texts.deleteText}
          </Text>
        </div>
        <Button color="red" variant="light" onClick={() => setIsOpen(true)}>
          {texts.delete}
        </Button>
      </Group>
      <Dialog opened={isOpen} onClose={() => setIsOpen(false)} title={texts.deleteTitle}>
        <form onSubmit={submit}>
          <Stack>
            <Text size="sm">{texts.deleteText}</Text>
            {remove.error !== null && <ErrorNotice error={remove.error} />}
            <TextInput
              label={texts.typeToDelete(about.path)}
              data-autofocus
              autoComplete="off"
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
            <Group justify="flex-end">
              <Button variant="default" onClick={() => setIsOpen(false)}>
                {common.cancel}
              </Button>
              <Button type="submit" color="red.9" loading={remove.isPending} disabled={typed !== about.path}>
                {texts.delete}
              </Button>
            </Group>
          </Stack>
        </form>
      </Dialog>
    </Paper>
  );
}

export function SettingsTab(props: SettingsProps): ReactNode {
  return (
    <Stack>
      <DescriptionForm {...props} />
      <NetworkSection workerId={props.workerId} />
      <DeleteSection {...props} />
    </Stack>
  );
}
