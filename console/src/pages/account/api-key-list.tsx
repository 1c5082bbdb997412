/** The account's API keys: list, create, revoke. */
import { Button, Group, Pagination, Paper, Skeleton, Table, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { apiKeysQuery, useRevokeApiKey, type ApiKey } from '../../api/api-keys.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { Moment } from '../../components/moment.tsx';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { StackedTable } from '../../components/stacked-table.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { CreateApiKey } from './create-api-key.tsx';

function RevokeDialog({
  apiKey,
  onClose,
}: {
  readonly apiKey: ApiKey;
  readonly onClose: () => void;
}): ReactNode {
  const { account: texts } = useTexts();
  const revoke = useRevokeApiKey();
  return (
    <ConfirmDialog
      title={texts.revokeTitle(apiKey.name)}
      text={texts.revokeText}
      action={texts.revoke}
      change={revoke}
      onConfirm={() => revoke.mutate({ slug: apiKey.slug }, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}

function ApiKeyTable({
  keys,
  onRevoke,
}: {
  readonly keys: readonly ApiKey[];
  readonly onRevoke: (apiKey: ApiKey) => void;
}): ReactNode {
  const { account: texts } = useTexts();
  return (
    <Scroller label={texts.keysTitle}>
      <StackedTable minWidth={560}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{texts.keyName}</Table.Th>
            <Table.Th>{texts.createdAt}</Table.Th>
            <Table.Th>{texts.lastUsed}</Table.Th>
            <Table.Th>{texts.expires}</Table.Th>
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {keys.map((apiKey) => (
            <Table.Tr key={apiKey.slug}>
              <Table.Td fw={500} data-label={texts.keyName}>
                {apiKey.name}
              </Table.Td>
              <Table.Td data-label={texts.createdAt}>
                <Moment seconds={apiKey.created_at} />
              </Table.Td>
              <Table.Td data-label={texts.lastUsed}>
                <Moment seconds={apiKey.last_used_at} />
              </Table.Td>
              <Table.Td data-label={texts.expires}>
                <Moment seconds={apiKey.expires_at} />
              </Table.Td>
              <Table.Td ta="right">
                <Button
                  size="compact-sm"
                  variant="subtle"
                  color="red"
                  aria-label={texts.revokeTitle(apiKey.name)}
                  onClick={() => onRevoke(apiKey)}
                >
                  {texts.revoke}
                </Button>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </StackedTable>
    </Scroller>
  );
}

export function ApiKeyList(): ReactNode {
  const { account: texts } = useTexts();
  const [page, setPage] = useState(1);
  const { data, error, refetch } = useQuery({ ...apiKeysQuery(page), placeholderData: keepPreviousData });
  const [isCreating, { open, close }] = useDisclosure();
  const [revoked, setRevoked] = useState<ApiKey>();
  const pages = Math.ceil((data?.count ?? 0) / (data?.page_size ?? 1));
  const newKey = (
    <Button leftSection={<IconPlus size={16} />} onClick={open}>
      {texts.newKey}
    </Button>
  );
  return (
    <Paper withBorder p="lg" component="section">
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h4">
          {texts.keysTitle}
        </Title>
        {(data?.count ?? 0) > 0 && newKey}
      </Group>
      <Text size="sm" c="dimmed" mb="md">
        {texts.keysText}
      </Text>
      {error !== null && <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton h={120} />}
      {data?.count === 0 && (
        <EmptyState title={texts.noKeysTitle} action={newKey}>
          {texts.noKeysText}
        </EmptyState>
      )}
      {data !== undefined && data.count > 0 && <ApiKeyTable keys={data.list} onRevoke={setRevoked} />}
      {pages > 1 && <Pagination mt="md" total={pages} value={page} onChange={setPage} />}
      {isCreating && <CreateApiKey onClose={close} />}
      {revoked !== undefined && <RevokeDialog apiKey={revoked} onClose={() => setRevoked(undefined)} />}
    </Paper>
  );
}
