/** An error in the API's words, with the request id for the operator. */
import { Alert, Button, Code, List, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { ApiError } from '../api/client.ts';
import { useTexts } from '../texts/texts.tsx';

/** Of a request without a valid session; a wrong password has another one. */
const unauthorizedCode = 12_001;

interface ErrorNoticeProps {
  readonly error: Error;
  /** Shows a retry button. */
  readonly onRetry?: () => void;
}

export function ErrorNotice({ error, onRetry }: ErrorNoticeProps): ReactNode {
  const { common } = useTexts();
  const details = error instanceof ApiError ? error.details : [];
  const hasEnded = error instanceof ApiError && error.status === 401 && error.code === unauthorizedCode;
  const isUnanswered = error instanceof ApiError && error.status === 0;
  const words = isUnanswered ? common.noAnswer : error.message;
  const requestId = error instanceof ApiError ? error.requestId : '';
  return (
    <Alert
      color="red"
      variant="light"
      icon={<IconAlertTriangle />}
      title={hasEnded ? common.sessionEnded : words}
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
