/** Actions on the selected runs. The buttons stay in place and are disabled while nothing is selected. */
import { Button, Group, List, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import {
  IconArrowsDiff,
  IconPin,
  IconPinnedOff,
  IconPlayerStop,
  IconRefresh,
  IconTag,
  IconTrash,
} from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useBulk, type BulkAction, type BulkRequest, type RunOutcome } from '../../../api/run-care.ts';
import type { Run } from '../../../api/runs.ts';
import { ConfirmDialog } from '../../../components/confirm-dialog.tsx';
import { Dialog } from '../../../components/dialog.tsx';
import { DialogButtons } from '../../../components/dialog-buttons.tsx';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { useTexts } from '../../../texts/texts.tsx';
import { LabelField } from './label-field.tsx';

type ConfirmedAction = 'abort' | 'rerun' | 'delete';
type OnDone = (action: BulkAction, outcomes: readonly RunOutcome[]) => void;

interface PartProps {
  readonly slugs: readonly string[];
  readonly onDone: OnDone;
  readonly onClose: () => void;
}

function ConfirmBulk({
  action,
  slugs,
  onDone,
  onClose,
}: PartProps & { readonly action: ConfirmedAction }): ReactNode {
  const { runCare: texts } = useTexts();
  const bulk = useBulk(action);
  return (
    <ConfirmDialog
      title={texts.confirm[action].title(slugs.length)}
      text={texts.confirm[action].text}
      action={texts[action]}
      isDestructive={action !== 'rerun'}
      change={bulk}
      onConfirm={() => bulk.mutate({ slugs }, { onSuccess: (outcomes) => onDone(action, outcomes) })}
      onClose={onClose}
    />
  );
}

function LabelBulk({ slugs, onDone, onClose }: PartProps): ReactNode {
  const { runCare: texts } = useTexts();
  const bulk = useBulk('update');
  const [addLabels, setAdded] = useState<readonly string[]>([]);
  const [removeLabels, setRemoved] = useState<readonly string[]>([]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (addLabels.length + removeLabels.length === 0) return onClose();
    bulk.mutate({ slugs, addLabels, removeLabels }, { onSuccess: (outcomes) => onDone('update', outcomes) });
  };
  return (
    <Dialog onClose={onClose} title={texts.labelTitle(slugs.length)}>
      <form onSubmit={submit}>
        <Stack>
          {bulk.error !== null && <ErrorNotice error={bulk.error} />}
          <LabelField
            label={texts.addLabels}
            description={texts.labelsHint}
            value={addLabels}
            onChange={setAdded}
            hasFocus
          />
          <LabelField label={texts.removeLabels} value={removeLabels} onChange={setRemoved} />
          <DialogButtons isPending={bulk.isPending} onCancel={onClose} />
        </Stack>
      </form>
    </Dialog>
  );
}

interface FailuresProps {
  readonly outcomes: readonly RunOutcome[];
  readonly onClose: () => void;
}

/** What was not possible, run by run. */
function Failures({ outcomes, onClose }: FailuresProps): ReactNode {
  const { runCare: texts } = useTexts();
  const failed = outcomes.filter(({ success }) => !success);
  return (
    <Dialog onClose={onClose} title={texts.failedTitle(failed.length, outcomes.length)}>
      <List size="sm" spacing={4} style={{ overflowWrap: 'anywhere' }}>
        {failed.map(({ run_slug: slug, error }) => (
          <List.Item key={slug}>{error}</List.Item>
        ))}
      </List>
    </Dialog>
  );
}

/** Compares two runs, the later one with the earlier one. */
function CompareButton({ runs }: { readonly runs: readonly Run[] }): ReactNode {
  const { compare: texts } = useTexts();
  const navigate = useNavigate();
  const [earlier, later, ...more] = runs.map(({ slug }) => slug).toSorted();
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconArrowsDiff size={14} />}
      disabled={later === undefined || more.length > 0}
      onClick={() => {
        if (later === undefined) return;
        void navigate({ to: '/runs/$runId/compare', params: { runId: later }, search: { with: earlier } });
      }}
    >
      {texts.actionTwo}
    </Button>
  );
}

interface SelectionActionsProps {
  /** The selected runs of the page. */
  readonly runs: readonly Run[];
  readonly onDone: () => void;
}

export function SelectionActions({ runs, onDone }: SelectionActionsProps): ReactNode {
  const { runCare: texts } = useTexts();
  const [asked, setAsked] = useState<ConfirmedAction | 'labels'>();
  const [failures, setFailures] = useState<readonly RunOutcome[]>([]);
  const update = useBulk('update');
  const slugs = runs.map(({ slug }) => slug);
  const close = (): void => setAsked(undefined);
  const finish: OnDone = (action, outcomes) => {
    const succeeded = outcomes.filter(({ success }) => success).length;
    if (succeeded > 0) notifications.show({ color: 'teal', message: texts.done[action](succeeded) });
    setFailures(succeeded === outcomes.length ? [] : outcomes);
    close();
    onDone();
  };
  const setPinned = (changes: Pick<BulkRequest, 'pinned'>): void =>
    update.mutate(
      { slugs, ...changes },
      {
        onSuccess: (outcomes) => finish('update', outcomes),
        onError: ({ message }) => notifications.show({ color: 'red', message }),
      },
    );
  const button = (label: string, icon: ReactNode, onClick: () => void, color?: string): ReactNode => (
    <Button
      size="xs"
      variant={color === undefined ? 'default' : 'light'}
      color={color}
      leftSection={icon}
      disabled={runs.length === 0 || update.isPending}
      onClick={onClick}
    >
      {label}
    </Button>
  );
  const parts = { slugs, onDone: finish, onClose: close };
  return (
    <>
      <Group justify="space-between" mb="xs" gap="xs">
        <Text size="sm" aria-live="polite">
          {texts.selected(runs.length)}
        </Text>
        <Group gap="xs">
          <CompareButton runs={runs} />
          {button(texts.rerun, <IconRefresh size={14} />, () => setAsked('rerun'))}
          {button(texts.labels, <IconTag size={14} />, () => setAsked('labels'))}
          {button(texts.pin, <IconPin size={14} />, () => setPinned({ pinned: true }))}
          {button(texts.unpin, <IconPinnedOff size={14} />, () => setPinned({ pinned: false }))}
          {button(texts.abort, <IconPlayerStop size={14} />, () => setAsked('abort'), 'red')}
          {button(texts.delete, <IconTrash size={14} />, () => setAsked('delete'), 'red')}
        </Group>
      </Group>
      {asked === 'labels' && <LabelBulk {...parts} />}
      {asked !== undefined && asked !== 'labels' && <ConfirmBulk action={asked} {...parts} />}
      {failures.length > 0 && <Failures outcomes={failures} onClose={() => setFailures([])} />}
    </>
  );
}
