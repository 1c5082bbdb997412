/** The outcome of each item that was activated or released. */
import { Alert, List } from '@mantine/core';
import { IconCheck, IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { QueueOutcome } from '../../api/run-queue.ts';
import { AnchorLink } from '../../components/links.tsx';
import { useTexts } from '../../texts/texts.tsx';

export interface NamedOutcome extends QueueOutcome {
  /** Title of the worker. */
  readonly title: string;
}

function Outcome({ outcome }: { readonly outcome: NamedOutcome }): ReactNode {
  const { queue: texts } = useTexts();
  const { run_slug: runId, error, title, queue_ref: ref } = outcome;
  return (
    <List.Item icon={outcome.success ? <IconCheck size={16} aria-hidden /> : <IconX size={16} aria-hidden />}>
      {title} ({ref}):{' '}
      {error ??
        (runId === undefined ? (
          texts.givenUp
        ) : (
          <>
            {texts.started}{' '}
            <AnchorLink to="/runs/$runId" params={{ runId }} size="sm">
              {runId}
            </AnchorLink>
          </>
        ))}
    </List.Item>
  );
}

interface QueueOutcomesProps {
  readonly outcomes: readonly NamedOutcome[];
  readonly onDismiss: () => void;
}

export function QueueOutcomes({ outcomes, onDismiss }: QueueOutcomesProps): ReactNode {
  const { queue: texts } = useTexts();
  const failed = outcomes.filter(({ success }) => !success).length;
  return (
    <Alert
      variant="light"
      color={failed === 0 ? 'teal' : 'orange'}
      title={`${texts.outcomes}: ${texts.summary(outcomes.length - failed, failed)}`}
      withCloseButton
      closeButtonLabel={texts.dismiss}
      onClose={onDismiss}
    >
      <List size="sm" spacing={4} center>
        {outcomes.map((outcome) => (
          <Outcome key={outcome.queue_ref} outcome={outcome} />
        ))}
      </List>
    </Alert>
  );
}
