/** What the form's main button does: start a run, or save the input of a task. */
import { notifications } from '@mantine/notifications';
import { useNavigate } from '@tanstack/react-router';
import { useStartRun, type RunRequest } from '../../../api/run-inputs.ts';
import { useSaveTaskInput } from '../../../api/tasks.ts';
import { useTexts } from '../../../texts/texts.tsx';

export interface Submission {
  readonly isPending: boolean;
  readonly error: Error | null;
  readonly send: (request: RunRequest, onError: (error: Error) => void) => void;
}

export function useStart(workerId: string): Submission {
  const navigate = useNavigate();
  const { mutate, isPending, error } = useStartRun(workerId);
  return {
    isPending,
    error,
    send: (request, onError) =>
      mutate(request, {
        onSuccess: ({ run_slug: runId }) => void navigate({ to: '/runs/$runId', params: { runId } }),
        onError,
      }),
  };
}

/** @param onSaved called after the input was stored */
export function useSave(taskSlug: string, onSaved: () => void): Submission {
  const { tasks: texts } = useTexts();
  const { mutate, isPending, error } = useSaveTaskInput(taskSlug);
  return {
    isPending,
    error,
    send: (request, onError) =>
      mutate(request, {
        onSuccess: () => {
          onSaved();
          notifications.show({ color: 'teal', message: texts.inputSaved });
        },
        onError,
      }),
  };
}
