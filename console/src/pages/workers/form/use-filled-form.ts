/** What a worker's form is filled from: its defaults, or the stored input of a run or task. */
import { useQuery } from '@tanstack/react-query';
import type { InputSchema } from '../../../api/input-schema.ts';
import { inputOfRunQuery, inputOfTaskQuery, type StoredInput } from '../../../api/run-inputs.ts';
import { versionSchemaQuery } from '../../../api/worker-versions.ts';
import type { WorkerDetail } from '../../../api/workers.ts';
import type { Filling } from './use-run-form.ts';

interface FormSource {
  readonly workerId: string;
  readonly worker: WorkerDetail;
  /** Whether the account may see the forms of versions other than the current one. */
  readonly isOwn: boolean;
  /** Slug of the run whose input is edited. */
  readonly from?: string | undefined;
  /** Slug of the task whose input is edited. */
  readonly task?: string | undefined;
  /** The version to run; empty for the current one. */
  readonly version?: string | undefined;
}

interface FilledForm {
  readonly isWaiting: boolean;
  readonly error: Error | null;
  readonly filling: Filling;
  /** Input schema of the version to run. */
  readonly schema: InputSchema;
  /** Whether a stored input fills the form. */
  readonly isStored: boolean;
}

function fillingOf(origin: string, { input, version }: StoredInput): Filling {
  const { custom = {}, system = {} } = input?.parameters ?? {};
  return { origin, custom, system, version };
}

export function useFilledForm({ workerId, worker, isOwn, from, task, version = '' }: FormSource): FilledForm {
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
  return {
    isWaiting: (slug !== '' && stored.isPending) || (schema.isPending && schema.isFetching),
    error: stored.error ?? schema.error,
    filling: isCurrent ? { ...wanted, version: '' } : wanted,
    schema: schema.data ?? worker.parameters.custom,
    isStored: stored.data !== undefined,
  };
}
