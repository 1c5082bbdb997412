/** A worker's form, filled from its defaults, or from the run or task in the URL. */
import { Alert, Skeleton, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import type { WorkerVersion } from '../../api/worker-versions.ts';
import type { WorkerDetail } from '../../api/workers.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { RunForm } from './form/run-form.tsx';
import { useFilledForm } from './form/use-filled-form.ts';
import { VersionNotice } from './version-notice.tsx';

interface InputTabProps {
  readonly workerId: string;
  readonly worker: WorkerDetail;
  /** The newest versions, newest first; empty for workers of others. */
  readonly versions: readonly WorkerVersion[];
  /** Whether the account may see the forms of versions other than the current one. */
  readonly isOwn: boolean;
  /** Slug of the run whose input is edited. */
  readonly from: string | undefined;
  /** Slug of the task whose input is edited. */
  readonly task: string | undefined;
  /** The version to run. */
  readonly version: string | undefined;
}

export function InputTab(props: InputTabProps): ReactNode {
  const { workerId, worker, versions, from, task } = props;
  const { inputForm: texts } = useTexts();
  const { isWaiting, error, filling, schema, isStored } = useFilledForm(props);
  if (isWaiting) return <Skeleton h={400} />;
  return (
    <Stack>
      {error !== null && <ErrorNotice error={error} />}
      {isStored && (
        <Alert color="gray" py="xs">
          {from === undefined ? texts.fromTask(task ?? '') : texts.fromRun(from)}
        </Alert>
      )}
      {filling.version === '' && <VersionNotice workerId={workerId} versions={versions} />}
      <RunForm
        key={`${worker.version} ${filling.origin}`}
        workerId={workerId}
        worker={worker}
        schema={schema}
        filling={filling}
        versions={versions.map((listed) => listed.version)}
      />
    </Stack>
  );
}
