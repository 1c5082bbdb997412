/** A callback URL to save, with a button that sends a test to it. */
import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useTestCallback } from '../api/callback-settings.ts';
import { useTexts } from '../texts/texts.tsx';
import { ErrorNotice } from './error-notice.tsx';

interface CallbackUrlFormProps {
  /** The saved URL; `''` for none. */
  readonly saved: string;
  /** What an empty URL means. */
  readonly emptyText: string;
  readonly change: {
    readonly error: Error | null;
    readonly isPending: boolean;
    readonly mutate: (url: string, options: { readonly onSuccess: () => void }) => void;
  };
}

/** How the receiver answered the test. It has its place before there is an answer. */
function TestOutcome({ test }: { readonly test: ReturnType<typeof useTestCallback> }): ReactNode {
  const { callbacks: texts } = useTexts();
  const { data, error } = test;
  const problem = error?.message ?? data?.error ?? '';
  return (
    <Text
      size="sm"
      mih="1.55em"
      c={problem === '' ? undefined : 'var(--mantine-color-error)'}
      aria-live="polite"
    >
      {problem !== '' && texts.refused(problem)}
      {problem === '' && data !== undefined && texts.accepted(data.status_code, data.milliseconds)}
    </Text>
  );
}

export function CallbackUrlForm({ saved, emptyText, change }: CallbackUrlFormProps): ReactNode {
  const { callbacks: texts, common } = useTexts();
  const [url, setUrl] = useState(saved);
  const test = useTestCallback();
  const entered = url.trim();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    change.mutate(entered, {
      onSuccess: () => notifications.show({ color: 'teal', message: texts.saved }),
    });
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="xs">
        {change.error !== null && <ErrorNotice error={change.error} />}
        <TextInput
          type="url"
          label={texts.url}
          description={emptyText}
          placeholder={texts.placeholder}
          maxLength={2048}
          value={url}
          onChange={({ currentTarget }) => {
            setUrl(currentTarget.value);
            test.reset();
          }}
        />
        <Group gap="xs">
          <Button type="submit" loading={change.isPending} disabled={entered === saved}>
            {common.save}
          </Button>
          <Button
            variant="default"
            loading={test.isPending}
            disabled={entered === ''}
            onClick={() => test.mutate(entered)}
          >
            {texts.test}
          </Button>
        </Group>
        <TestOutcome test={test} />
      </Stack>
    </form>
  );
}
