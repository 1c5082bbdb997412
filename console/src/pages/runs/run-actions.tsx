/** The actions of a run: abort, export, edit and run, run again, and a menu. Each keeps its place, so that none appears under the pointer. */
import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconEdit, IconPlayerStop, IconRefresh } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { RowQuery } from '../../api/row-queries.ts';
import { isFinished, useAbortRun, useRerun, type Run } from '../../api/runs.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { ButtonLink } from '../../components/links.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { RunMenu } from './care/run-menu.tsx';
import { ExportButton } from './export-button.tsx';
import { ScheduleButton } from './schedule-button.tsx';

function AbortButton({ run }: { readonly run: Run }): ReactNode {
  const { run: texts } = useTexts();
  const [isOpen, { open, close }] = useDisclosure();
  const abort = useAbortRun(run.slug);
  return (
    <>
      <Button
        variant="light"
        color="red"
        leftSection={<IconPlayerStop size={16} />}
        onClick={open}
        disabled={isFinished(run.status)}
        loading={run.status === 'aborting'}
      >
        {texts.abort}
      </Button>
      {isOpen && (
        <ConfirmDialog
          title={texts.abortTitle}
          text={texts.abortText}
          action={texts.abort}
          change={abort}
          onConfirm={() => abort.mutate(undefined, { onSuccess: close })}
          onClose={close}
        />
      )}
    </>
  );
}

function RerunButton({ run }: { readonly run: Run }): ReactNode {
  const { run: texts } = useTexts();
  const navigate = useNavigate();
  const rerun = useRerun(run.slug);
  return (
    <Button
      variant="default"
      leftSection={<IconRefresh size={16} />}
      disabled={!isFinished(run.status)}
      loading={rerun.isPending}
      onClick={() =>
        rerun.mutate(undefined, {
          onSuccess: ({ run_slug: runId }) => void navigate({ to: '/runs/$runId', params: { runId } }),
          onError: ({ message }) => notifications.show({ color: 'red', message }),
        })
      }
    >
      {texts.rerun}
    </Button>
  );
}

export function EditButton({ run }: { readonly run: Run }): ReactNode {
  const { run: texts } = useTexts();
  return (
    <ButtonLink
      to="/workers/$workerId"
      params={{ workerId: run.scraper_slug }}
      search={{ from: run.slug }}
      variant="default"
      leftSection={<IconEdit size={16} />}
    >
      {texts.editAndRun}
    </ButtonLink>
  );
}

interface RunActionsProps {
  readonly run: Run;
  /** The rows that the table shows. */
  readonly query: RowQuery;
}

export function RunActions({ run, query }: RunActionsProps): ReactNode {
  return (
    <>
      <AbortButton run={run} />
      <ExportButton run={run} query={query} />
      <ScheduleButton run={run} />
      <EditButton run={run} />
      <RerunButton run={run} />
      <RunMenu run={run} />
    </>
  );
}
