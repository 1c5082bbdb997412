/** How many subtasks the run will have, as counted by the server shortly after the last change. */
import { Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type ReactNode } from 'react';
import { ApiError } from '../../../api/client.ts';
import { previewRun } from '../../../api/run-inputs.ts';
import { noteSessionRefusal, sessionEndedQuery } from '../../../api/session.ts';
import { formatCount } from '../../../components/figures.ts';
import { useLanguage, useTexts } from '../../../texts/texts.tsx';
import type { RunForm } from './use-run-form.ts';

const waitMilliseconds = 400;

type Answer = { readonly subtasks: number } | { readonly problem: string };

function useSubtaskCount(workerId: string, form: RunForm): Answer | undefined {
  const { values, options, mode, json } = form;
  const [answer, setAnswer] = useState<Answer>();
  const { data: hasEnded } = useQuery(sessionEndedQuery);
  const client = useQueryClient();
  useEffect(() => {
    if (hasEnded) return undefined;
    const controller = new AbortController();
    const ask = async (): Promise<void> => {
      const request = form.quietRequest();
      if (request === undefined) {
        setAnswer(undefined);
        return;
      }
      try {
        setAnswer(await previewRun(workerId, request, controller.signal));
      } catch (error) {
        if (controller.signal.aborted || noteSessionRefusal(client, error)) return;
        setAnswer(error instanceof ApiError ? { problem: error.message } : undefined);
      }
    };
    const timer = setTimeout(() => void ask(), waitMilliseconds);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
    // oxlint-disable-next-line react/exhaustive-deps -- asked again when what is entered changed, not with every render
  }, [workerId, values, options, mode, json, hasEnded, client]);
  return answer;
}

export function SubtaskCount({
  workerId,
  form,
}: {
  readonly workerId: string;
  readonly form: RunForm;
}): ReactNode {
  const { inputForm: texts } = useTexts();
  const { language } = useLanguage();
  const answer = useSubtaskCount(workerId, form);
  return (
    <Text
      size="sm"
      c={answer !== undefined && 'problem' in answer ? 'var(--mantine-color-error)' : 'dimmed'}
      component="output"
    >
      {answer !== undefined &&
        ('problem' in answer
          ? texts.cannotStart(answer.problem)
          : texts.subtasks(answer.subtasks, formatCount(answer.subtasks, language)))}
    </Text>
  );
}
