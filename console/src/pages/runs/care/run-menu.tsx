/** Further actions of a run: compare, pin, labels, delete. They keep their places; what is not possible is disabled. */
import { Button, Menu } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import {
  IconArrowsDiff,
  IconChevronDown,
  IconPin,
  IconPinnedOff,
  IconTag,
  IconTrash,
} from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { useChangeRun, useDeleteRun } from '../../../api/run-care.ts';
import { isFinished, type Run } from '../../../api/runs.ts';
import { ConfirmDialog } from '../../../components/confirm-dialog.tsx';
import { useTexts } from '../../../texts/texts.tsx';
import { LabelDialog } from './label-dialog.tsx';

function DeleteDialog({ run, onClose }: { readonly run: Run; readonly onClose: () => void }): ReactNode {
  const { runCare: texts } = useTexts();
  const navigate = useNavigate();
  const remove = useDeleteRun(run.slug);
  return (
    <ConfirmDialog
      title={texts.deleteTitle}
      text={texts.deleteText}
      action={texts.delete}
      change={remove}
      onConfirm={() =>
        remove.mutate(undefined, {
          onSuccess: () => {
            notifications.show({ color: 'teal', message: texts.deleted });
            void navigate({ to: '/runs', replace: true });
          },
        })
      }
      onClose={onClose}
    />
  );
}

export function RunMenu({ run }: { readonly run: Run }): ReactNode {
  const { runCare: texts, compare } = useTexts();
  const navigate = useNavigate();
  const change = useChangeRun(run.slug);
  const [opened, setOpened] = useState<'labels' | 'delete'>();
  const isEnded = isFinished(run.status);
  const close = (): void => setOpened(undefined);
  const setPinned = (pinned: boolean): void =>
    change.mutate(
      { pinned },
      {
        onSuccess: () =>
          notifications.show({ color: 'teal', message: pinned ? texts.pinDone : texts.unpinDone }),
        onError: ({ message }) => notifications.show({ color: 'red', message }),
      },
    );
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button
            variant="default"
            aria-label={texts.moreActions}
            rightSection={<IconChevronDown size={16} />}
            loading={change.isPending}
          >
            {texts.more}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconArrowsDiff size={16} />}
            onClick={() => void navigate({ to: '/runs/$runId/compare', params: { runId: run.slug } })}
          >
            {compare.action}
          </Menu.Item>
          <Menu.Item
            leftSection={run.pinned ? <IconPinnedOff size={16} /> : <IconPin size={16} />}
            onClick={() => setPinned(!run.pinned)}
          >
            {run.pinned ? texts.unpin : texts.pin}
          </Menu.Item>
          <Menu.Item leftSection={<IconTag size={16} />} onClick={() => setOpened('labels')}>
            {texts.editLabels}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item
            leftSection={<IconTrash size={16} />}
            color={isEnded ? 'var(--mantine-color-error)' : undefined}
            disabled={!isEnded}
            title={isEnded ? undefined : texts.deleteUnfinished}
            onClick={() => setOpened('delete')}
          >
            {texts.delete}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {opened === 'labels' && <LabelDialog run={run} onClose={close} />}
      {opened === 'delete' && <DeleteDialog run={run} onClose={close} />}
    </>
  );
}
