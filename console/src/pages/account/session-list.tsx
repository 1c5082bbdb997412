/** The browsers that are signed in to the account. */
import { Badge, Button, Group, Paper, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { sessionPageSize, sessionsQuery, useEndSessions, type ListedSession } from '../../api/getting-in.ts';
import { useSignOut } from '../../api/session.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { ListPager } from '../../components/list-pager.tsx';
import { Moment } from '../../components/moment.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { StackedTable } from '../../components/stacked-table.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { deviceOf } from './device.ts';

function SessionRow({ session }: { readonly session: ListedSession }): ReactNode {
  const { account: texts } = useTexts();
  const end = useEndSessions();
  const { browser, system } = deviceOf(session.user_agent);
  const device = texts.device(browser, system);
  return (
    <Table.Tr>
      <Table.Td title={session.user_agent} data-label={texts.deviceColumn}>
        {device}
        {session.is_current && (
          <Badge ml="xs" size="sm" radius="sm" variant="light" tt="none" color="teal">
            {texts.thisBrowser}
          </Badge>
        )}
        {end.error !== null && <ErrorNotice error={end.error} />}
      </Table.Td>
      <Table.Td data-label={texts.address}>
        {session.address === '' ? texts.unknown : session.address}
      </Table.Td>
      <Table.Td data-label={texts.lastUsed}>
        <Moment seconds={session.last_used_at} />
      </Table.Td>
      <Table.Td ta="right">
        {!session.is_current && (
          <Button
            size="compact-sm"
            variant="subtle"
            color="red"
            aria-label={texts.endSessionOf(device)}
            loading={end.isPending}
            onClick={() => end.mutate({ slug: session.slug })}
          >
            {texts.endSession}
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function SessionTable(): ReactNode {
  const { account: texts } = useTexts();
  const [page, setPage] = useState(1);
  const { data, error, refetch } = useQuery({ ...sessionsQuery(page), placeholderData: keepPreviousData });
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h={120} w="100%" />;
  return (
    <div style={{ width: '100%' }}>
      <Scroller label={texts.sessionsTitle}>
        <StackedTable minWidth={520}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{texts.deviceColumn}</Table.Th>
              <Table.Th>{texts.address}</Table.Th>
              <Table.Th>{texts.lastUsed}</Table.Th>
              <Table.Th />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.list.map((session) => (
              <SessionRow key={session.slug} session={session} />
            ))}
          </Table.Tbody>
        </StackedTable>
      </Scroller>
      {data.count > sessionPageSize && (
        <ListPager count={data.count} page={page} size={sessionPageSize} onPage={setPage} />
      )}
    </div>
  );
}

export function SessionList(): ReactNode {
  const { account: texts } = useTexts();
  const signOut = useSignOut();
  const endOthers = useEndSessions();
  const navigate = useNavigate();
  const error = signOut.error ?? endOthers.error;
  return (
    <Paper withBorder p="lg" component="section">
      <Stack gap="sm" align="flex-start">
        <Title order={2} size="h4">
          {texts.sessionsTitle}
        </Title>
        <SessionTable />
        <Text size="sm" c="dimmed">
          {texts.signOutEverywhereText}
        </Text>
        {error !== null && <ErrorNotice error={error} />}
        <Group gap="xs">
          <Button
            variant="default"
            loading={endOthers.isPending}
            onClick={() => endOthers.mutate({ slug: undefined })}
          >
            {texts.endOthers}
          </Button>
          <Button
            variant="default"
            loading={signOut.isPending}
            onClick={() =>
              signOut.mutate({ everywhere: true }, { onSuccess: () => void navigate({ to: '/sign-in' }) })
            }
          >
            {texts.signOutEverywhere}
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
