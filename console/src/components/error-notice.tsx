/** An error in the API's words, with the request id for the operator. */
import { Alert, Button, Code, List, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { ApiError } from '../api/client.ts';
import { isSessionRefusal, sessionEndedQuery, sessionQuery } from '../api/session.ts';
import { useTexts } from '../texts/texts.tsx';

interface ErrorNoticeProps {
  readonly error: Error;
  /** Shows a retry button. */
  readonly onRetry?: () => void;
}

/**
 * Whether an error only says that the session has ended, which the dialog over the page says. It stays left out after the
 * reader has signed in again.
 */
function useIsSaidByDialog(error: Error): boolean {
  const { data: hasEnded } = useQuery(sessionEndedQuery);
  const { isFetching: isLooking } = useQuery({ ...sessionQuery, enabled: false });
  const [endedAt, setEndedAt] = useState<Error>();
  if (!isSessionRefusal(error)) return false;
  if (hasEnded && endedAt !== error) setEndedAt(error);
  return isLooking || hasEnded || endedAt === error;
}

export function ErrorNotice({ error, onRetry }: ErrorNoticeProps): ReactNode {
  const { common } = useTexts();
  const isSaidByDialog = useIsSaidByDialog(error);
  const details = error instanceof ApiError ? error.details : [];
  const isUnanswered = error instanceof ApiError && error.status === 0;
  const words = isUnanswered ? common.noAnswer : error.message;
  const requestId = error instanceof ApiError ? error.requestId : '';
  if (isSaidByDialog) return null;
  return (
    <Alert
      color="red"
      variant="light"
      icon={<IconAlertTriangle />}
      title={isSessionRefusal(error) ? common.sessionEnded : words}
      role="alert"
      style={{ overflowWrap: 'anywhere' }}
    >
      <Stack gap="xs" align="flex-start">
        {details.length > 0 && (
          <List size="sm">
            {details.map((detail) => (
              <List.Item key={detail}>{detail}</List.Item>
            ))}
          </List>
        )}
        {requestId !== '' && (
          <Text size="xs" c="dimmed">
            <Code>{common.requestId(requestId)}</Code>
          </Text>
        )}
        {onRetry !== undefined && (
          <Button size="compact-sm" variant="light" color="red" onClick={onRetry}>
            {common.retry}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
