/** The form of a worker, filled from its defaults, or from the run or task that the address names. */
import { Alert, Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { inputOfRunQuery, inputOfTaskQuery, type StoredInput } from '../../api/run-inputs.ts';
import type { WorkerDetail } from '../../api/workers.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { RunForm } from './form/run-form.tsx';
import type { Filling } from './form/use-run-form.ts';

interface InputTabProps {
  readonly workerId: string;
  readonly worker: WorkerDetail;
  /** Versions that can be chosen, the current one first. */
  readonly versions: readonly string[];
  /** Slug of the run whose input is to be edited. */
  readonly from: string | undefined;
  /** Slug of the task whose input is to be edited. */
  readonly task: string | undefined;
}

const defaults: Filling = { origin: '', system: {}, version: '' };

/** @param current version that runs where none is named */
function fillingOf(origin: string, { input, version }: StoredInput, current: string): Filling {
  const { custom = {}, system = {} } = input?.parameters ?? {};
  const isCurrent = version === current || version === 'latest';
  return { origin, custom, system, version: isCurrent ? '' : version };
}

export function InputTab({ workerId, worker, versions, from, task }: InputTabProps): ReactNode {
  const { inputForm: texts } = useTexts();
  const slug = from ?? task ?? '';
  const stored = useQuery({
    ...(from === undefined ? inputOfTaskQuery(slug) : inputOfRunQuery(slug)),
    enabled: slug !== '',
  });
  if (slug !== '' && stored.isPending) return <Skeleton h={400} />;
  const filling = stored.data === undefined ? defaults : fillingOf(slug, stored.data, worker.version);
  return (
    <Stack>
      {stored.error !== null && <ErrorNotice error={stored.error} onRetry={() => void stored.refetch()} />}
      {stored.data !== undefined && (
        <Alert color="gray" py="xs">
          {from === undefined ? texts.fromTask(slug) : texts.fromRun(slug)}
        </Alert>
      )}
      <RunForm
        key={`${worker.version} ${filling.origin}`}
        workerId={workerId}
        worker={worker}
        filling={filling}
        versions={versions}
      />
    </Stack>
  );
}
