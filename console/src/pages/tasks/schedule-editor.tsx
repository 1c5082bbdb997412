/** Edits the schedule of a task in a dialog. */
import type { ReactNode } from 'react';
import type { Task } from '../../api/tasks.ts';
import { Dialog } from '../../components/dialog.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { ScheduleForm } from './schedule-form.tsx';

interface ScheduleEditorProps {
  readonly task: Task;
  readonly onClose: () => void;
}

export function ScheduleEditor({ task, onClose }: ScheduleEditorProps): ReactNode {
  const { tasks: texts } = useTexts();
  return (
    <Dialog onClose={onClose} title={texts.editSchedule(task.title)}>
      <ScheduleForm task={task} onDone={onClose} onCancel={onClose} />
    </Dialog>
  );
}
