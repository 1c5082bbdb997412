/** Creates an API key and shows it once. */
import { Select, Stack, Text, TextInput } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useCreateApiKey } from '../../api/api-keys.ts';
import { DialogButtons } from '../../components/dialog-buttons.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { ShownOnce } from '../../components/shown-once.tsx';
import { useTexts } from '../../texts/texts.tsx';

const lifetimeDays = [1, 30, 90, 365];
const never = '0';
const daySeconds = 86_400;

/** @returns Unix seconds; 0 for never */
function expiryAfter(days: number): number {
  return days === 0 ? 0 : Math.floor(Date.now() / 1000) + days * daySeconds;
}

export function CreateApiKey({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { account: texts } = useTexts();
  const create = useCreateApiKey();
  const [name, setName] = useState('');
  const [days, setDays] = useState(never);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate({ name, expires_at: expiryAfter(Number(days)) });
  };
  const lifetimes = [
    { value: never, label: texts.expiresNever },
    ...lifetimeDays.map((count) => ({ value: String(count), label: texts.expiresDays(count) })),
  ];
  const isCreated = create.data !== undefined;
  return (
    <Dialog
      onClose={onClose}
      title={isCreated ? texts.created : texts.newKey}
      closeOnClickOutside={!isCreated}
    >
      {isCreated ? (
        <ShownOnce title={texts.createdText} value={create.data.key} onClose={onClose} />
      ) : (
        <form onSubmit={submit}>
          <Stack>
            {create.error !== null && <ErrorNotice error={create.error} />}
            <TextInput
              label={texts.keyName}
              description={texts.keyNameHint}
              required
              maxLength={100}
              data-autofocus
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <Select
              label={texts.expires}
              data={lifetimes}
              value={days}
              allowDeselect={false}
              onChange={(value) => setDays(value ?? never)}
            />
            <DialogButtons action={texts.create} isPending={create.isPending} onCancel={onClose} />
            <Text size="xs" c="dimmed">
              {texts.keysText}
            </Text>
          </Stack>
        </form>
      )}
    </Dialog>
  );
}
