/** Creates an account, and shows the link that invites its owner. */
import { Checkbox, Stack, TextInput } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { withoutEnd } from '../../../../src/text/text-ends.ts';
import { useInviteAccount } from '../../api/accounts.ts';
import { Dialog } from '../../components/dialog.tsx';
import { DialogButtons } from '../../components/dialog-buttons.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { LinkView } from './link-dialog.tsx';

const maxNameLength = 64;

/** A name that the API accepts, from the part of an address before the @. */
function nameFrom(email: string): string {
  const [local = ''] = email.split('@');
  const words = local.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return withoutEnd(words.join('-').slice(0, maxNameLength), '-');
}

export function InviteDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { accounts: texts, signIn } = useTexts();
  const invite = useInviteAccount();
  const [email, setEmail] = useState('');
  const [name, setName] = useState<string>();
  const [isAdmin, setIsAdmin] = useState(false);
  const shownName = name ?? nameFrom(email);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    invite.mutate({ name: shownName, ...(email.trim() !== '' && { email }), is_admin: isAdmin });
  };
  const link = invite.data;
  return (
    <Dialog
      onClose={onClose}
      title={link === undefined ? texts.invite : texts.linkTitle(link.account)}
      closeOnClickOutside={link === undefined}
    >
      {link === undefined ? (
        <form onSubmit={submit}>
          <Stack>
            {invite.error !== null && <ErrorNotice error={invite.error} />}
            <TextInput
              label={signIn.email}
              description={texts.emailHint}
              type="email"
              data-autofocus
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
            />
            <TextInput
              label={texts.name}
              description={texts.nameHint}
              required
              maxLength={maxNameLength}
              value={shownName}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <Checkbox
              label={texts.isAdmin}
              description={texts.isAdminHint}
              checked={isAdmin}
              onChange={(event) => setIsAdmin(event.currentTarget.checked)}
            />
            <DialogButtons action={texts.createAndInvite} isPending={invite.isPending} onCancel={onClose} />
          </Stack>
        </form>
      ) : (
        <LinkView link={link} onClose={onClose} />
      )}
    </Dialog>
  );
}
