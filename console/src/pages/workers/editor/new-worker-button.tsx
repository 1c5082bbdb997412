/** Starts a new worker from a template. */
import { Button, Group, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconCode } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useState, type FormEvent, type ReactNode } from 'react';
import {
  templateKinds,
  templateLanguages,
  type TemplateKind,
  type TemplateLanguage,
} from '../../../../../src/templates/template-names.ts';
import { Dialog } from '../../../components/dialog.tsx';
import { DialogButtons } from '../../../components/dialog-buttons.tsx';
import { useTexts } from '../../../texts/texts.tsx';

function NewWorkerDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { editor: texts, templates, workers } = useTexts();
  const navigate = useNavigate();
  const [title, setTitle] = useState('');
  const [language, setLanguage] = useState<TemplateLanguage>('node');
  const [kind, setKind] = useState<TemplateKind>('plain');
  const [isTried, setIsTried] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setIsTried(true);
    if (title.trim() === '') return;
    void navigate({
      to: '/workers/new',
      search: { template: `${language}-${kind}`, title: title.trim() },
    });
  };
  return (
    <Dialog onClose={onClose} title={texts.newTitle}>
      <form onSubmit={submit} noValidate>
        <Stack>
          <TextInput
            label={workers.titleField}
            description={workers.titleHint}
            required
            data-autofocus
            maxLength={200}
            value={title}
            error={isTried && title.trim() === '' && texts.titleMissing}
            onChange={(event) => setTitle(event.currentTarget.value)}
          />
          <div>
            <Text size="sm" fw={500} mb={4}>
              {texts.language}
            </Text>
            <SegmentedControl
              fullWidth
              aria-label={texts.language}
              data={templateLanguages.map((value) => ({ value, label: templates.languages[value] }))}
              value={language}
              onChange={setLanguage}
            />
          </div>
          <div>
            <Text size="sm" fw={500} mb={4}>
              {texts.kind}
            </Text>
            <SegmentedControl
              fullWidth
              aria-label={texts.kind}
              data={templateKinds.map((value) => ({ value, label: templates.kinds[value] }))}
              value={kind}
              onChange={setKind}
            />
            <Text size="sm" c="dimmed" mt={4}>
              {texts.kindTexts[kind]}
            </Text>
          </div>
          <DialogButtons action={texts.create} isPending={false} onCancel={onClose} />
        </Stack>
      </form>
    </Dialog>
  );
}

export function NewWorkerButton(): ReactNode {
  const { editor: texts } = useTexts();
  const [isOpen, { open, close }] = useDisclosure();
  return (
    <Group gap="xs">
      <Button leftSection={<IconCode size={16} />} onClick={open}>
        {texts.newTitle}
      </Button>
      {isOpen && <NewWorkerDialog onClose={close} />}
    </Group>
  );
}
