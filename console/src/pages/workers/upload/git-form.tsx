/** Imports a worker, or a version of one, from a git repository. */
import { Button, Group, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useGitImport, type GitImport } from '../../../api/publishing.ts';
import { useTexts } from '../../../texts/texts.tsx';
import { PublishError } from './publish-error.tsx';
import type { PublishFormProps } from './publish-form.ts';

const fields = [
  { name: 'git_url', label: 'gitUrl', hint: 'gitUrlHint', isRequired: true, isForVersions: true },
  { name: 'git_ref', label: 'gitRef', hint: 'gitRefHint', isRequired: false, isForVersions: true },
  { name: 'git_folder', label: 'gitFolder', hint: 'gitFolderHint', isRequired: false, isForVersions: true },
  { name: 'title', label: 'titleField', hint: 'gitTitleHint', isRequired: false, isForVersions: false },
] as const;

type Entered = Readonly<Partial<Record<keyof GitImport, string>>>;

export function GitForm({ workerId, onClose, onPublished }: PublishFormProps): ReactNode {
  const { workers: texts, common } = useTexts();
  const imports = useGitImport(workerId);
  const [entered, setEntered] = useState<Entered>({});
  const set = (name: keyof GitImport, text: string): void => setEntered({ ...entered, [name]: text });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const given = Object.entries(entered)
      .map(([name, text]) => [name, text.trim()] as const)
      .filter(([, text]) => text !== '');
    imports.mutate(Object.fromEntries(given) as unknown as GitImport, { onSuccess: onPublished });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        {imports.error !== null && <PublishError error={imports.error} />}
        {fields
          .filter(({ isForVersions }) => workerId === undefined || isForVersions)
          .map(({ name, label, hint, isRequired }) => (
            <TextInput
              key={name}
              label={texts[label]}
              description={texts[hint]}
              required={isRequired}
              maxLength={2000}
              value={entered[name] ?? ''}
              onChange={(event) => set(name, event.currentTarget.value)}
            />
          ))}
        <PasswordInput
          label={texts.gitToken}
          description={texts.gitTokenHint}
          autoComplete="off"
          value={entered.git_token ?? ''}
          onChange={(event) => set('git_token', event.currentTarget.value)}
        />
        <Group justify="flex-end">
          {imports.isPending && (
            <Text size="sm" c="dimmed" component="output">
              {texts.importing}
            </Text>
          )}
          <Button variant="default" onClick={onClose}>
            {common.cancel}
          </Button>
          <Button type="submit" loading={imports.isPending} disabled={(entered.git_url ?? '').trim() === ''}>
            {texts.importGit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
