/** The callbacks of a run, with every delivery attempt. */
import { Badge, Group, Paper, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import {
  callbacksQuery,
  type CallbackAttempt,
  type CallbackState,
  type RunCallback,
} from '../../api/run-parts.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { Moment } from '../../components/moment.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { useTexts } from '../../texts/texts.tsx';

const colors: Readonly<Record<CallbackState, string>> = {
  pending: 'blue',
  delivered: 'teal',
  given_up: 'red',
};

function outcomeOf({ status_code: status, error, milliseconds }: CallbackAttempt, underWay: string): string {
  if (milliseconds < 0) return underWay;
  if (status === 0) return error;
  // The error of an answer often contains its status.
  return error === '' || error.includes(String(status)) ? String(status) : `${status}, ${error}`;
}

function Attempts({ attempts }: { readonly attempts: readonly CallbackAttempt[] }): ReactNode {
  const { run: texts } = useTexts();
  if (attempts.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {texts.noAttempt}
      </Text>
    );
  }
  return (
    <Scroller label={texts.attempts}>
      <Table verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={90} ta="right">
              {texts.attempt}
            </Table.Th>
            <Table.Th w={160}>{texts.time}</Table.Th>
            <Table.Th>{texts.status}</Table.Th>
            <Table.Th w={110} ta="right">
              {texts.duration}
            </Table.Th>
            <Table.Th>{texts.answer}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {attempts.map((attempt) => (
            <Table.Tr key={attempt.number}>
              <Table.Td ta="right">{attempt.number}</Table.Td>
              <Table.Td>
                <Moment seconds={attempt.started_at} />
              </Table.Td>
              <Table.Td>{outcomeOf(attempt, texts.underWay)}</Table.Td>
              <Table.Td ta="right">
                {attempt.milliseconds < 0 ? '–' : texts.milliseconds(attempt.milliseconds)}
              </Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>
                <Text size="sm" lineClamp={3}>
                  {attempt.answer}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scroller>
  );
}

interface CallbackProps {
  readonly callback: RunCallback;
  /** Whether an earlier one has to be delivered first. */
  readonly isBehind: boolean;
}

function Callback({ callback, isBehind }: CallbackProps): ReactNode {
  const { run: texts, common } = useTexts();
  const statusTexts: Readonly<Record<string, string>> = common.status;
  return (
    <Paper withBorder p="sm">
      <Stack gap="xs">
        <Group gap="xs">
          <Text fw={600} size="sm">
            {statusTexts[callback.run_status] ?? callback.run_status}
          </Text>
          <Badge color={colors[callback.state]} variant="light" radius="sm">
            {texts.callbackStates[callback.state]}
          </Badge>
          {isBehind && (
            <Text size="xs" c="dimmed">
              {texts.waitsForPrevious}
            </Text>
          )}
          {!isBehind && callback.next_attempt_at > 0 && (
            <Text size="xs" c="dimmed">
              {texts.nextAttempt} <Moment seconds={callback.next_attempt_at} />
            </Text>
          )}
        </Group>
        <Attempts attempts={callback.attempts} />
      </Stack>
    </Paper>
  );
}

/** @param isLive whether the run is still going on */
export function CallbacksPanel({
  slug,
  isLive,
}: {
  readonly slug: string;
  readonly isLive: boolean;
}): ReactNode {
  const { run: texts } = useTexts();
  const { data, error, refetch } = useQuery(callbacksQuery(slug, isLive));
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h={160} />;
  if (data.callback_url === '') {
    return (
      <Paper withBorder>
        <EmptyState title={texts.noCallbackUrl} />
      </Paper>
    );
  }
  return (
    <Stack gap="sm">
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {texts.callbackTo}{' '}
        <Text span ff="monospace" inherit>
          {data.callback_url}
        </Text>
      </Text>
      {data.list.length === 0 && <EmptyState title={texts.noCallbackYet} />}
      {data.list.map((callback) => (
        <Callback
          key={callback.number}
          callback={callback}
          isBehind={
            callback.state === 'pending' &&
            data.list.some(({ number, state }) => number < callback.number && state === 'pending')
          }
        />
      ))}
    </Stack>
  );
}
