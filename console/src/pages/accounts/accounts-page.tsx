/** All accounts, for administrators: who can sign in, invitations, new links, disabling. */
import { Badge, Button, Group, Paper, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconUserPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import {
  accountPageSize,
  accountsQuery,
  useDisableAccount,
  useMakeLink,
  type Account,
  type AccountState,
} from '../../api/accounts.ts';
import { useSession } from '../../api/session.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { ListPager } from '../../components/list-pager.tsx';
import { Moment } from '../../components/moment.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { StackedTable } from '../../components/stacked-table.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { InviteDialog } from './invite-dialog.tsx';
import { LinkView } from './link-dialog.tsx';

const colors: Readonly<Record<AccountState, string>> = {
  active: 'teal',
  invited: 'blue',
  keys_only: 'gray',
  disabled: 'red',
};

/** The platform relies on these accounts. */
const permanentNames: ReadonlySet<string> = new Set(['admin', 'chela']);

function StateCell({ account }: { readonly account: Account }): ReactNode {
  const { accounts: texts } = useTexts();
  const { state, link_expires_at: expiresAt } = account;
  return (
    <Stack gap={2} align="flex-start">
      <Badge color={colors[state]} variant="light" radius="sm" tt="none" miw="max-content">
        {texts.states[state]}
      </Badge>
      {state === 'invited' && (
        <Text size="xs" c="dimmed" component="div">
          {expiresAt === 0 ? (
            texts.linkExpired
          ) : (
            <>
              {texts.linkExpires} <Moment seconds={expiresAt} />
            </>
          )}
        </Text>
      )}
    </Stack>
  );
}

function NewLinkButton({ account }: { readonly account: Account }): ReactNode {
  const { accounts: texts } = useTexts();
  const [isOpen, { open, close }] = useDisclosure();
  const make = useMakeLink();
  const start = (): void => {
    make.mutate({ name: account.name });
    open();
  };
  return (
    <>
      <Button
        size="compact-sm"
        variant="default"
        aria-label={texts.newLinkOf(account.name)}
        disabled={account.state === 'disabled' || account.name === 'chela'}
        loading={make.isPending}
        onClick={start}
      >
        {texts.newLink}
      </Button>
      {isOpen && !make.isPending && (
        <Dialog onClose={close} title={texts.linkTitle(account.name)} closeOnClickOutside={false}>
          {make.error !== null && <ErrorNotice error={make.error} />}
          {make.data !== undefined && <LinkView link={make.data} onClose={close} />}
        </Dialog>
      )}
    </>
  );
}

function DisableDialog({
  account,
  onClose,
}: {
  readonly account: Account;
  readonly onClose: () => void;
}): ReactNode {
  const { accounts: texts } = useTexts();
  const disable = useDisableAccount();
  return (
    <ConfirmDialog
      title={texts.disableTitle(account.name)}
      text={texts.disableText}
      action={texts.disable}
      change={disable}
      onConfirm={() => disable.mutate({ name: account.name, isDisabled: true }, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}

function DisableButton({ account }: { readonly account: Account }): ReactNode {
  const { accounts: texts } = useTexts();
  const session = useSession();
  const [isAsking, { open, close }] = useDisclosure();
  const enable = useDisableAccount();
  const isOwn = session?.account.name === account.name;
  if (account.state === 'disabled') {
    return (
      <Button
        size="compact-sm"
        variant="default"
        aria-label={texts.enableOf(account.name)}
        loading={enable.isPending}
        onClick={() => enable.mutate({ name: account.name, isDisabled: false })}
      >
        {texts.enable}
      </Button>
    );
  }
  return (
    <>
      <Button
        size="compact-sm"
        variant="subtle"
        color="red"
        aria-label={texts.disableTitle(account.name)}
        disabled={isOwn || permanentNames.has(account.name)}
        onClick={open}
      >
        {texts.disable}
      </Button>
      {isAsking && <DisableDialog account={account} onClose={close} />}
    </>
  );
}

function AccountTable({ accounts }: { readonly accounts: readonly Account[] }): ReactNode {
  const { accounts: texts, signIn } = useTexts();
  return (
    <Scroller label={texts.title}>
      <StackedTable minWidth={720}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{texts.name}</Table.Th>
            <Table.Th>{signIn.email}</Table.Th>
            <Table.Th>{texts.state}</Table.Th>
            <Table.Th>{texts.plan}</Table.Th>
            <Table.Th>{texts.createdAt}</Table.Th>
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {accounts.map((account) => (
            <Table.Tr key={account.name}>
              <Table.Td fw={500} data-label={texts.name}>
                {account.name}
                {account.is_admin && (
                  <Text size="xs" c="dimmed">
                    {texts.isAdmin}
                  </Text>
                )}
              </Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere' }} data-label={signIn.email}>
                {account.email}
              </Table.Td>
              <Table.Td data-label={texts.state}>
                <StateCell account={account} />
              </Table.Td>
              <Table.Td data-label={texts.plan}>{account.plan}</Table.Td>
              <Table.Td data-label={texts.createdAt}>
                <Moment seconds={account.created_at} />
              </Table.Td>
              <Table.Td>
                <Group gap="xs" wrap="nowrap" justify="flex-end">
                  <NewLinkButton account={account} />
                  <DisableButton account={account} />
                </Group>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </StackedTable>
    </Scroller>
  );
}

export function AccountsPage(): ReactNode {
  const { accounts: texts } = useTexts();
  const [page, setPage] = useState(1);
  const { data, error, refetch } = useQuery(accountsQuery(page));
  const [isInviting, { open, close }] = useDisclosure();
  return (
    <div>
      <PageHeader
        title={texts.title}
        description={texts.description}
        actions={
          <Button leftSection={<IconUserPlus size={16} />} onClick={open}>
            {texts.invite}
          </Button>
        }
      />
      {error !== null && <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton h={320} />}
      {data !== undefined && error === null && (
        <Paper withBorder p="md">
          <AccountTable accounts={data.list} />
          <ListPager count={data.count} page={page} size={accountPageSize} onPage={setPage} />
        </Paper>
      )}
      {isInviting && <InviteDialog onClose={close} />}
    </div>
  );
}
