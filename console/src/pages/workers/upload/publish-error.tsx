/** Why publishing failed: the findings of the checks by file, otherwise the API's message. */
import { Alert } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { ApiError } from '../../../api/client.ts';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { useTexts } from '../../../texts/texts.tsx';
import { FindingList, findingsOf } from './finding-list.tsx';

export function PublishError({ error }: { readonly error: Error }): ReactNode {
  const { workers: texts } = useTexts();
  const details = error instanceof ApiError && error.status === 400 ? error.details : [];
  if (details.length === 0) return <ErrorNotice error={error} />;
  return (
    <Alert
      color="red"
      icon={<IconAlertTriangle />}
      title={texts.refused(details.length)}
      role="alert"
      styles={{ message: { maxHeight: '24rem', overflow: 'auto' } }}
    >
      <FindingList findings={findingsOf(details)} />
    </Alert>
  );
}
