/** Edits the labels of a run. */
import { Stack } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useChangeRun } from '../../../api/run-care.ts';
import type { Run } from '../../../api/runs.ts';
import { Dialog } from '../../../components/dialog.tsx';
import { DialogButtons } from '../../../components/dialog-buttons.tsx';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { useTexts } from '../../../texts/texts.tsx';
import { LabelField } from './label-field.tsx';

export function LabelDialog({
  run,
  onClose,
}: {
  readonly run: Run;
  readonly onClose: () => void;
}): ReactNode {
  const { runCare: texts } = useTexts();
  const change = useChangeRun(run.slug);
  const [labels, setLabels] = useState<readonly string[]>(run.labels);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    change.mutate({ labels }, { onSuccess: onClose });
  };
  return (
    <Dialog onClose={onClose} title={texts.labelsOf(run.scraper_title)}>
      <form onSubmit={submit}>
        <Stack>
          {change.error !== null && <ErrorNotice error={change.error} />}
          <LabelField
            label={texts.labels}
            description={texts.labelsHint}
            value={labels}
            onChange={setLabels}
            hasFocus
          />
          <DialogButtons isPending={change.isPending} onCancel={onClose} />
        </Stack>
      </form>
    </Dialog>
  );
}
