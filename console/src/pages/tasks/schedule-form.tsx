/** Edits and saves the schedule of a task. */
import { Button, Group, Stack } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useSchedule, type Task } from '../../api/tasks.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { editedScheduleOf, scheduleRequest } from './edited-schedule.ts';
import { ScheduleFields } from './schedule-fields.tsx';

interface ScheduleFormProps {
  readonly task: Task;
  /** Called after the schedule was saved. */
  readonly onDone: () => void;
  /** Without it there is no button to cancel. */
  readonly onCancel?: () => void;
}

export function ScheduleForm({ task, onDone, onCancel }: ScheduleFormProps): ReactNode {
  const { common } = useTexts();
  const save = useSchedule(task.slug);
  const [edited, setEdited] = useState(() => editedScheduleOf(task));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate(scheduleRequest(edited), { onSuccess: onDone });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        {save.error !== null && <ErrorNotice error={save.error} />}
        <ScheduleFields edited={edited} onChange={setEdited} />
        <Group justify={onCancel === undefined ? 'flex-start' : 'flex-end'}>
          {onCancel !== undefined && (
            <Button variant="default" onClick={onCancel}>
              {common.cancel}
            </Button>
          )}
          <Button type="submit" loading={save.isPending}>
            {common.save}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
