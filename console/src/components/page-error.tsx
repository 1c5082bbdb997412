/** Shown instead of a page whose object cannot be read: why, and the way back to the list. */
import { IconArrowLeft } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { ApiError } from '../api/client.ts';
import { useTexts } from '../texts/texts.tsx';
import { ErrorNotice } from './error-notice.tsx';
import { ButtonLink } from './links.tsx';
import { PageHeader } from './page-header.tsx';

interface PageErrorProps {
  readonly error: Error;
  readonly onRetry: () => void;
  /** The list that the object would be in. */
  readonly list: 'runs' | 'tasks' | 'workers';
}

export function PageError({ error, onRetry, list }: PageErrorProps): ReactNode {
  const { common } = useTexts();
  const isMissing = error instanceof ApiError && error.status === 404;
  return (
    <div>
      <PageHeader
        title={isMissing ? common.notFoundTitle : common.failed}
        actions={
          <ButtonLink to={`/${list}`} variant="default" leftSection={<IconArrowLeft size={16} />}>
            {common[list]}
          </ButtonLink>
        }
      />
      <ErrorNotice error={error} {...(!isMissing && { onRetry })} />
    </div>
  );
}
