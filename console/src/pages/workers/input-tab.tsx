/** A worker's form, filled from its defaults, or from the run or task in the URL. */
import { Alert, Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { inputOfRunQuery, inputOfTaskQuery, type StoredInput } from '../../api/run-inputs.ts';
import { versionSchemaQuery, type WorkerVersion } from '../../api/worker-versions.ts';
import type { WorkerDetail } from '../../api/workers.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { RunForm } from './form/run-form.tsx';
import { VersionNotice } from './version-notice.tsx';
import type { Filling } from './form/use-run-form.ts';

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

function fillingOf(origin: string, { input, version }: StoredInput): Filling {
  const { custom = {}, system = {} } = input?.parameters ?? {};
  return { origin, custom, system, version };
}

export function InputTab(props: InputTabProps): ReactNode {
  const { workerId, worker, versions, isOwn, from, task, version = '' } = props;
  const { inputForm: texts } = useTexts();
  const slug = from ?? task ?? '';
  const stored = useQuery({
    ...(from === undefined ? inputOfTaskQuery(slug) : inputOfRunQuery(slug)),
    enabled: slug !== '',
  });
  const wanted =
    stored.data === undefined ? { origin: version, system: {}, version } : fillingOf(slug, stored.data);
  const isCurrent = ['', 'latest', worker.version].includes(wanted.version);
  const schema = useQuery({
    ...versionSchemaQuery(workerId, wanted.version),
    enabled: isOwn && !isCurrent,
  });
  const isWaiting = (slug !== '' && stored.isPending) || (schema.isPending && schema.isFetching);
  if (isWaiting) return <Skeleton h={400} />;
  const filling = isCurrent ? { ...wanted, version: '' } : wanted;
  const error = stored.error ?? schema.error;
  return (
    <Stack>
      {error !== null && <ErrorNotice error={error} />}
      {stored.data !== undefined && (
        <Alert color="gray" py="xs">
          {from === undefined ? texts.fromTask(slug) : texts.fromRun(slug)}
        </Alert>
      )}
      {isCurrent && <VersionNotice workerId={workerId} versions={versions} />}
      <RunForm
        key={`${worker.version} ${filling.origin}`}
        workerId={workerId}
        worker={worker}
        schema={schema.data ?? worker.parameters.custom}
        filling={filling}
        versions={versions.map((listed) => listed.version)}
      />
    </Stack>
  );
}
